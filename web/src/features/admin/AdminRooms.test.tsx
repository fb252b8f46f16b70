import { screen, waitFor, within } from '@testing-library/react';
import { beforeEach, describe, expect, test } from 'vitest';
import { administration } from '../../test/administration';
import { stubBrowser } from '../../test/page';
import { room } from '../../test/fixtures';

beforeEach(stubBrowser);

const main = () => within(screen.getByRole('main'));

const buttonIn = (dialog: string, name: string) => within(screen.getByRole('dialog', { name: dialog })).getByRole('button', { name });

describe('rooms', () => {
  test('lists all rooms, links to open ones and deletes one after its name is typed', async () => {
    const rooms = [room(7, { name: 'general', private: true }), room(8, { name: 'open house' }), room(9, { name: 'secret', private: true, hasPassword: true })];
    const { user, mutations } = await administration('rooms', ({ method, path }) => {
      if (!path.startsWith('/admin/rooms')) return undefined;
      return method === 'GET' ? { body: { rooms } } : { status: 204, body: null };
    });
    await main().findByText('secret');
    // Room 7 as a member, room 8 because it is open.
    expect(main().getAllByRole('link', { name: /^Open / }).map((link) => link.getAttribute('href'))).toEqual(['#/room/7', '#/room/8']);
    await user.click(screen.getByRole('button', { name: 'Delete secret' }));
    await user.type(screen.getByLabelText('Type secret to confirm'), 'secret');
    await user.click(buttonIn('Delete secret?', 'Delete room'));
    await waitFor(() => expect(main().queryByText('secret')).toBeNull());
    expect(mutations).toEqual([{ method: 'DELETE', path: '/admin/rooms/9', body: undefined }]);
  });

  test('loads further pages', async () => {
    const { user } = await administration('rooms', ({ path }) => {
      if (!path.startsWith('/admin/rooms')) return undefined;
      return { body: path.includes('cursor=c1') ? { rooms: [room(9, { name: 'second' })] } : { rooms: [room(8, { name: 'first' })], nextCursor: 'c1' } };
    });
    await user.click(await screen.findByRole('button', { name: 'Show more' }));
    await main().findByText('second');
    expect(main().getByText('first')).toBeTruthy();
    expect(screen.queryByRole('button', { name: 'Show more' })).toBeNull();
  });

  test('makes the results of an earlier search inert', async () => {
    const { user } = await administration('rooms', ({ path }) => {
      if (!path.startsWith('/admin/rooms')) return undefined;
      return { body: { rooms: path.includes('q=gar') ? [room(9, { name: 'garden' })] : [room(8, { name: 'chess' })] } };
    });
    const list = async (name: string) => (await main().findByText(name)).closest('ul');
    await waitFor(async () => expect((await list('chess'))?.hasAttribute('inert')).toBe(false));
    await user.type(screen.getByRole('searchbox', { name: 'Search rooms' }), 'gar');
    expect((await list('chess'))?.hasAttribute('inert')).toBe(true);
    expect((await list('garden'))?.hasAttribute('inert')).toBe(false);
  });
});
