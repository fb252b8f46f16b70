import { act, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { useRoute } from '../../hooks/useRoute';
import { alice } from '../../test/fixtures';
import { renderWithChat, stubBrowser } from '../../test/page';
import { SettingsView } from './SettingsView';

beforeEach(stubBrowser);

afterEach(() => {
  location.hash = '';
  vi.unstubAllGlobals();
});

function Page() {
  const route = useRoute();
  return route.kind === 'settings' ? <SettingsView section={route.section} /> : null;
}

async function open(hash: string) {
  location.hash = hash;
  const rig = await renderWithChat(<Page />, () => ({ body: { sessions: [], bots: [] } }));
  const title = () => screen.queryByRole('heading', { level: 2 })?.textContent;
  const links = () => screen.queryAllByRole('link').map((link) => link.textContent ?? '');
  return { ...rig, user: userEvent.setup(), title, links };
}

describe('a wide window', () => {
  test('shows the list and the section of the address', async () => {
    const { user, title } = await open('#/settings/preferences');
    expect([title(), screen.getByRole('link', { current: 'page' }).textContent]).toEqual(['Writing and reading', 'Writing and reading']);
    const sessions = screen.getByRole('link', { name: 'Sessions' });
    await user.click(sessions);
    await waitFor(() => expect(title()).toBe('Sessions'));
    expect(document.activeElement).toBe(sessions);
  });

  test.each(['#/settings', '#/settings/nonsense'])('shows the first section at %s', async (hash) => {
    expect((await open(hash)).title()).toBe('Profile');
  });

  test('offers guests no bots', async () => {
    const { chat, links, title } = await open('#/settings/bots');
    expect(title()).toBe('Bots');
    act(() => chat.profile.user.set({ ...alice, guest: true }));
    expect([title(), links().includes('Bots')]).toEqual(['Profile', false]);
  });
});

describe('a phone', () => {
  beforeEach(() => vi.stubGlobal('matchMedia', (query: string) => ({ matches: query.includes('max-width'), media: query })));

  test('shows the list, then one section, and moves the focus along', async () => {
    const { user, links, title } = await open('#/settings');
    expect([title(), links()[0]]).toEqual([undefined, '']);
    expect(screen.getByRole('link', { name: 'Back to your rooms' }).getAttribute('href')).toBe('#/');
    await user.click(screen.getByRole('link', { name: 'Account' }));
    await waitFor(() => expect(title()).toBe('Account'));
    expect(document.activeElement).toBe(screen.getByRole('heading', { level: 2 }));
    expect(screen.queryByRole('link', { name: 'Profile' })).toBeNull();
    await user.click(screen.getByRole('link', { name: 'Back to the settings' }));
    await waitFor(() => expect(document.activeElement).toBe(screen.getByRole('link', { name: 'Account' })));
    expect(title()).toBeUndefined();
  });
});
