import { screen } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { message } from '../../test/fixtures';
import { stubBrowser } from '../../test/page';
import { renderShell } from '../../test/shell';

beforeEach(stubBrowser);

afterEach(() => {
  location.hash = '';
  vi.unstubAllGlobals();
});

const aboutTea = [{ message: message(4, { text: 'green tea' }), room: { id: 7, name: 'general' }, highlights: [] }];

const searchFindsTea = (path: string) => (path.includes('/search') ? { results: path.includes('tea') ? aboutTea : [] } : undefined);

describe('keyboard shortcuts', () => {
  test('opens a conversation by a few letters of the name', async () => {
    const { user, sidebar } = await renderShell('#/room/7');
    await user.keyboard('{Control>}k{/Control}');
    const box = screen.getByRole('combobox', { name: 'Go to a room or a person' });
    await user.type(box, 'cl');
    const chosen = screen.getByRole('option', { selected: true });
    expect([chosen.textContent, box.getAttribute('aria-activedescendant')]).toEqual(['CCleo@cleo', chosen.id]);
    await user.keyboard('{Enter}');
    expect(await screen.findByRole('textbox', { name: 'Message Cleo' })).toBeTruthy();
    expect(screen.queryByRole('combobox')).toBeNull();
    expect(sidebar.getByRole('link', { name: 'Cleo' }).getAttribute('aria-current')).toBe('page');
  });

  test('searches messages if no room matches', async () => {
    const { user } = await renderShell('#/room/7');
    await user.keyboard('{Control>}k{/Control}tulips');
    expect(screen.getAllByRole('option').map((option) => option.textContent)).toEqual(['Search messages for “tulips”']);
    await user.keyboard('{Enter}');
    expect((await screen.findByRole<HTMLInputElement>('searchbox', { name: 'Search messages' })).value).toBe('tulips');
  });

  test('makes the results of an earlier message search inert', async () => {
    const { user, rig } = await renderShell('#/room/7', searchFindsTea);
    await rig.chat.search.query('tea');
    await user.keyboard('{Control>}k{/Control}tulips{Enter}');
    const old = screen.queryByText('green tea')?.closest('ul');
    expect(old === undefined || old?.hasAttribute('inert')).toBe(true);
    expect(await screen.findByText('Nothing found')).toBeTruthy();
    expect(screen.queryByText('green tea')).toBeNull();
  });
});
