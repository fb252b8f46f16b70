import type { Member, User } from '../../protocol/types';

/** A name or code that is being written: where its sign stands, and what follows it. */
export interface PartialToken {
  start: number;
  query: string;
}

const PARTIAL_MENTION = /(?:^|[^\p{L}\p{N}@/])@([\p{L}\p{N}_.-]{0,20})$/u;
const MAX_OPTIONS = 6;

/** The name that ends at the caret, as the server would read it. */
export function mentionAt(text: string, caret: number): PartialToken | undefined {
  const query = PARTIAL_MENTION.exec(text.slice(0, caret))?.[1];
  return query === undefined ? undefined : { start: caret - query.length - 1, query };
}

/** Who may be meant: by username first, then by any word of the display name. */
export function mentionCandidates(members: readonly Member[], query: string, me: number): User[] {
  const wanted = normalize(query);
  const others = members.map(({ user }) => user).filter(({ id }) => id !== me);
  const byUsername = others.filter(({ username }) => username.startsWith(wanted));
  const byName = others.filter((user) => !byUsername.includes(user) && normalize(user.displayName).split(/\s+/).some((word) => word.startsWith(wanted)));
  return [...byUsername.toSorted(byLength), ...byName].slice(0, MAX_OPTIONS);
}

/** The text with what was begun written out, and where the caret stands then: behind a space. */
export function replaceToken(text: string, { start, query }: PartialToken, whole: string): { text: string; caret: number } {
  const after = text.slice(start + 1 + query.length);
  const put = `${whole}${/^\s/.test(after) ? '' : ' '}`;
  return { text: text.slice(0, start) + put + after, caret: start + put.length + (/^\s/.test(after) ? 1 : 0) };
}

function byLength(a: User, b: User): number {
  return a.username.length - b.username.length || a.username.localeCompare(b.username);
}

/** Without case and accents. */
export function normalize(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLocaleLowerCase();
}
