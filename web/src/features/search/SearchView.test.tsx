import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { renderWithChat, stubBrowser } from '../../test/page';
import type { TestChat } from '../../test/testChat';
import { bob, message, room } from '../../test/fixtures';
import { SearchView } from './SearchView';

let testChat: TestChat | undefined;

beforeEach(stubBrowser);

afterEach(() => {
  testChat?.chat.stop();
  testChat = undefined;
  vi.unstubAllGlobals();
});

type Answer = Parameters<typeof renderWithChat>[1];

const problem = (status: number, code: string, detail: string, field?: string) => ({
  status,
  body: { status, title: 'No', detail, code, ...(field ? { errors: [{ location: `body.${field}`, message: detail }] } : {}) },
});


describe('search', () => {
  test('shows author, room and highlights of a match, and opens it with the keyboard', async () => {
    const hit = { message: message(4, { text: 'green tea' }), room: { id: 7, name: 'general' }, highlights: [{ start: 6, end: 9 }] };
    testChat = await renderWithChat(<SearchView roomId={undefined} />, () => ({ body: { results: [hit] } }));
    const user = userEvent.setup();
    await user.type(screen.getByRole('searchbox', { name: 'Search messages' }), 'tea');
    const found = await screen.findByRole('link', { name: /Bob in general/ });
    expect(found.querySelector('mark')?.textContent).toBe('tea');
    await user.keyboard('{Enter}');
    expect(document.activeElement).toBe(found);
    expect(found.getAttribute('href')).toBe('#/room/7/4');
  });

  test('folds the messages of blocked people', async () => {
    const hit = { message: message(4, { text: 'green tea' }), room: { id: 7, name: 'general' }, highlights: [] };
    testChat = await renderWithChat(<SearchView roomId={undefined} />, () => ({ body: { results: [hit] } }));
    const user = userEvent.setup();
    act(() => testChat?.socket().serve({ type: 'block:updated', data: { userId: bob.id, blocked: true } }));
    await user.type(screen.getByRole('searchbox', { name: 'Search messages' }), 'tea');
    await user.click(await screen.findByRole('button', { name: 'Show' }));
    expect(document.activeElement).toBe(screen.getByRole('link', { name: /green tea/ }));
    act(() => testChat?.socket().serve({ type: 'block:updated', data: { userId: bob.id, blocked: false } }));
    expect(screen.getByRole('link', { name: /green tea/ })).toBeTruthy();
  });

  test.each([
    ['nothing', (): ReturnType<Answer> => ({ body: { results: [] } }), 'Nothing found'],
    ['a failure', (): ReturnType<Answer> => problem(503, 'UNAVAILABLE', 'Not now.'), 'The search failed'],
  ])('shows %s', async (_, answer, words) => {
    testChat = await renderWithChat(<SearchView roomId={7} />, answer);
    await userEvent.type(screen.getByRole('searchbox', { name: 'Search messages' }), 'tea');
    expect(await screen.findByText(words)).toBeTruthy();
    expect(testChat.requests.some((one) => one.includes('room=7'))).toBe(true);
  });

  test('shows the excerpt without Markdown', async () => {
    const hit = {
      message: message(4, { text: 'some **green** tea' }), room: { id: 7, name: 'general' }, highlights: [{ start: 7, end: 12 }],
      excerpt: { text: 'some green tea', highlights: [{ start: 5, end: 10 }] },
    };
    testChat = await renderWithChat(<SearchView roomId={7} />, () => ({ body: { results: [hit] } }));
    await userEvent.type(screen.getByRole('searchbox', { name: 'Search messages' }), 'green');
    const found = await screen.findByRole('link', { name: /some green tea/ });
    expect(found.querySelector('mark')?.textContent).toBe('green');
  });

  test('filters by author and days, and removes filters', async () => {
    const cleo = { ...bob, id: 3, username: 'cleo', displayName: 'Cleo' };
    testChat = await renderWithChat(<SearchView roomId={7} />, (_, path) => ({
      body: path.includes('/members?') ? { members: [{ user: cleo, role: 'member', status: 'offline', joinedAt: cleo.createdAt }] } : { results: [] },
    }));
    const user = userEvent.setup();
    await user.type(screen.getByRole('searchbox', { name: 'Search messages' }), 'tea');
    await user.click(screen.getByRole('button', { name: 'Filters' }));
    await user.type(screen.getByLabelText('From'), 'cl');
    await user.click(await screen.findByRole('button', { name: /Cleo/ }));
    fireEvent.change(screen.getByLabelText('Since'), { target: { value: '2026-03-01' } });
    fireEvent.change(screen.getByLabelText('Until'), { target: { value: '2026-03-31' } });
    const asked = () => testChat?.requests.findLast((one) => one.includes('/search/messages')) ?? '';
    await waitFor(() => expect(asked()).toContain('until='));
    const params = new URLSearchParams(asked().split('?')[1]);
    expect(params.get('author')).toBe('3');
    expect(params.get('since')).toBe(new Date(2026, 2, 1).toISOString());
    expect(params.get('until')).toBe(new Date(2026, 3, 1).toISOString());

    await user.click(screen.getByRole('button', { name: 'From Cleo, remove filter' }));
    expect(document.activeElement).toBe(screen.getByRole('button', { name: 'Filters' }));
    await waitFor(() => expect(asked()).not.toContain('author='));
    expect(asked()).toContain('since=');
  });

  test('shows rooms and people above the messages', async () => {
    testChat = await renderWithChat(<SearchView roomId={undefined} />, (_, path) => ({
      body: path.includes('/users?') ? { users: [bob] } : path.includes('/rooms?') ? { rooms: [room(9, { name: 'bobsleigh' })] } : { results: [] },
    }));
    await userEvent.type(screen.getByRole('searchbox', { name: 'Search messages' }), 'bob');
    const places = await screen.findByRole('region', { name: 'Rooms and people' });
    expect(within(places).getByRole('link', { name: /bobsleigh/ }).getAttribute('href')).toBe('#/room/9');
    expect(within(places).getByRole('button', { name: /Bob/ })).toBeTruthy();
  });

  test('makes the results of an earlier search inert', async () => {
    const result = (seq: number, text: string) => ({ message: message(seq, { text }), room: { id: 7, name: 'general' }, highlights: [] });
    testChat = await renderWithChat(<SearchView roomId={undefined} />, (_, path) => ({ body: { results: [path.includes('tulip') ? result(5, 'red tulips') : result(4, 'green tea')] } }));
    const list = async (text: string) => (await screen.findByText(text)).closest('ul');
    const box = screen.getByRole('searchbox', { name: 'Search messages' });
    await userEvent.type(box, 'tea');
    await waitFor(async () => expect((await list('green tea'))?.hasAttribute('inert')).toBe(false));
    await userEvent.clear(box);
    await userEvent.type(box, 'tulip');
    expect((await list('green tea'))?.hasAttribute('inert')).toBe(true);
    expect((await list('red tulips'))?.hasAttribute('inert')).toBe(false);
  });
});
