import type { Member, User } from '../../protocol/types';

/** An unfinished @name or :code: the position of its first character, and the text after it. */
export interface PartialToken {
  start: number;
  query: string;
}

const PARTIAL_MENTION = /(?:^|[^\p{L}\p{N}@/])@([\p{L}\p{N}_.-]{0,20})$/u;
const MAX_OPTIONS = 6;

/** Returns the unfinished @name before the caret, by the rules of the server. */
export function mentionAt(text: string, caret: number): PartialToken | undefined {
  const query = PARTIAL_MENTION.exec(text.slice(0, caret))?.[1];
  return query === undefined ? undefined : { start: caret - query.length - 1, query };
}

/** Returns the members that match a query: first by username, then by any word of the display name, then by any part of a name. */
export function mentionCandidates(members: readonly Member[], query: string, hidden: ReadonlySet<number>): User[] {
  const wanted = normalize(query);
  const others = members.map(({ user }) => user).filter(({ id }) => !hidden.has(id));
  const byUsername = others.filter(({ username }) => username.startsWith(wanted));
  const byName = others.filter((user) => !byUsername.includes(user) && normalize(user.displayName).split(/\s+/).some((word) => word.startsWith(wanted)));
  const byPart = others.filter((user) => !byUsername.includes(user) && !byName.includes(user) && (user.username.includes(wanted) || normalize(user.displayName).includes(wanted)));
  return [...byUsername.toSorted(byLength), ...byName, ...byPart].slice(0, MAX_OPTIONS);
}

/** What an unfinished @name means: one member, one of several, or no member. */
export type Resolution = { kind: 'member'; user: User } | { kind: 'ambiguous' } | { kind: 'none' };

/** Resolves an unfinished @name that was sent before the members that match it were known. */
export function resolveMention(found: readonly Member[], query: string, hidden: ReadonlySet<number>): Resolution {
  const wanted = normalize(query);
  if (wanted === '' || found.some(({ user }) => user.username === wanted)) return { kind: 'none' };
  const begins = (name: string) => normalize(name).split(/\s+/).some((word) => word.startsWith(wanted));
  const users = found.map(({ user }) => user).filter((user) => !hidden.has(user.id) && (user.username.startsWith(wanted) || begins(user.displayName)));
  const [user] = users;
  if (user === undefined) return { kind: 'none' };
  return users.length === 1 ? { kind: 'member', user } : { kind: 'ambiguous' };
}

/** Replaces an unfinished token by its completion and a space, and returns the caret position behind them. */
export function replaceToken(text: string, { start, query }: PartialToken, whole: string): { text: string; caret: number } {
  const after = text.slice(start + 1 + query.length);
  const put = `${whole}${/^\s/.test(after) ? '' : ' '}`;
  return { text: text.slice(0, start) + put + after, caret: start + put.length + (/^\s/.test(after) ? 1 : 0) };
}

function byLength(a: User, b: User): number {
  return a.username.length - b.username.length || a.username.localeCompare(b.username);
}

/** Returns a text in lower case without accents. */
export function normalize(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLocaleLowerCase();
}
