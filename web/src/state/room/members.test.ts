import { expect, test } from 'vitest';
import type { Member } from '../../protocol/types';
import type { RestClient } from '../../transport/rest';
import { user } from '../../test/fixtures';
import { Members } from './members';
import { MemberSearch } from './memberSearch';

const member = (id: number): Member => ({ user: user(id, `m${id}`, `M${id}`), role: 'member', status: 'online', joinedAt: '' });

type Query = { text?: string; limit?: number; cursor?: string | undefined };

/** A server with 250 members, of which the text "m9" finds the ones from 90 on. It returns pages of 100. */
function server() {
  const asked: Query[] = [];
  const rest = {
    listMembers: async (_: number, query: Query = {}) => {
      asked.push(query);
      const all = Array.from({ length: 250 }, (_unused, i) => member(i)).filter(({ user: { username } }) => username.startsWith(query.text ?? ''));
      const from = Number(query.cursor ?? 0);
      const members = all.slice(from, from + 100);
      return { members, ...(from + 100 < all.length ? { nextCursor: String(from + 100) } : {}) };
    },
  } as unknown as RestClient;
  return { asked, rest };
}

const ids = (members: readonly Member[]) => members.map(({ user: { id } }) => id);

test('reads all members page by page, and keeps the pages when it reads them again', async () => {
  const { rest, asked } = server();
  const members = new Members(rest, 7);
  await members.load();
  expect(members.known).toHaveLength(100);
  await members.loadMore();
  await members.loadMore();
  await members.loadMore(); // there are no more
  expect(ids(members.known)).toEqual(Array.from({ length: 250 }, (_, i) => i));
  expect(asked).toHaveLength(3);
  await members.load();
  expect(members.known).toHaveLength(250);
});

test('lists the members that a search finds, and all of them after it', async () => {
  const { rest } = server();
  const members = new Members(rest, 7);
  await members.search('m24');
  expect(ids(members.known)).toEqual([24, 240, 241, 242, 243, 244, 245, 246, 247, 248, 249]);
  members.endSearch();
  await members.load();
  expect(members.known).toHaveLength(100);
});

test('a completion asks the server once for a text', async () => {
  const { rest, asked } = server();
  const search = new MemberSearch(rest, 7);
  expect(ids(await search.find('m249'))).toEqual([249]);
  expect(ids(await search.find('M249'))).toEqual([249]);
  expect(asked).toHaveLength(1);
  expect(search.state.getSnapshot()).toEqual({ text: 'M249', members: [member(249)] });
});

test('a completion drops the answer to an earlier text', async () => {
  const answers = new Map<string, (members: Member[]) => void>();
  const rest = { listMembers: (_: number, { text = '' }: Query) => new Promise((done) => answers.set(text, (members) => done({ members }))) } as unknown as RestClient;
  const search = new MemberSearch(rest, 7);
  const earlier = search.find('a');
  const later = search.find('ab');
  answers.get('ab')?.([member(2)]);
  await later;
  answers.get('a')?.([member(1)]);
  await earlier;
  expect(search.state.getSnapshot()?.text).toBe('ab');
});
