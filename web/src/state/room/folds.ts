import type { Author, Message } from '../../protocol/types';
import type { Item } from './items';

/** A run of messages that say little each. While it is open, its messages follow as items of their own. */
export interface Fold {
  kind: 'fold';
  key: string;
  of: 'memberships' | 'deletions';
  messages: readonly Message[];
  open: boolean;
}

/** A shorter run is not folded. */
const MIN_RUN = 3;

/** Replaces runs of joins and leaves, and of deleted messages. A line between two items ends a run. */
export function foldRuns(items: readonly Item[], openFolds?: ReadonlySet<number>): Item[] {
  const folded: Item[] = [];
  for (let from = 0; from < items.length; ) {
    const of = foldable(items[from]);
    let to = from + 1;
    while (to < items.length && foldable(items[to]) === of) to++;
    const run = items.slice(from, to);
    from = to;
    if (of === undefined || run.length < MIN_RUN) {
      folded.push(...run);
      continue;
    }
    const messages = run.flatMap((item) => ('message' in item ? [item.message] : []));
    const open = messages.some(({ seq }) => openFolds?.has(seq));
    // The key stays when older messages are loaded, because the list keeps the position of a row by its key.
    folded.push({ kind: 'fold', key: `f${messages.at(-1)?.id}`, of, messages, open }, ...(open ? run : []));
  }
  return folded;
}

function foldable(item: Item | undefined): Fold['of'] | undefined {
  if (item?.kind === 'message') return item.message.deletedAt === undefined ? undefined : 'deletions';
  const action = item?.kind === 'system' ? item.message.system?.action : undefined;
  return action === 'join' || action === 'leave' ? 'memberships' : undefined;
}

/** People with the same joins and leaves: the first of them, and how many more there are. */
export interface MembershipChange {
  people: readonly Author[];
  others: number;
  change: 'joined' | 'left' | 'joined and left' | 'left and joined again';
}

/** So many people are named. */
const MAX_NAMED = 3;

/** Summarises joins and leaves, in the order in which each kind of change was first made. */
export function membershipChanges(messages: readonly Message[]): MembershipChange[] {
  const people = new Map<number, { author: Author; first: string; last: string }>();
  for (const { author, system } of messages) {
    if (system === undefined) continue;
    people.set(author.id, { author, first: people.get(author.id)?.first ?? system.action, last: system.action });
  }
  const groups = new Map<MembershipChange['change'], Author[]>();
  for (const { author, first, last } of people.values()) {
    const change = changeOf(first, last);
    const group = groups.get(change);
    if (group) group.push(author);
    else groups.set(change, [author]);
  }
  return [...groups].map(([change, group]) => {
    const named = group.length > MAX_NAMED ? MAX_NAMED - 1 : group.length;
    return { people: group.slice(0, named), others: group.length - named, change };
  });
}

function changeOf(first: string, last: string): MembershipChange['change'] {
  if (first === last) return first === 'join' ? 'joined' : 'left';
  return first === 'join' ? 'joined and left' : 'left and joined again';
}
