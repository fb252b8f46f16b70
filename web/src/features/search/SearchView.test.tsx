import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { renderWithChat, stubBrowser } from '../../test/page';
import type { TestChat } from '../../test/testChat';
import { message } from '../../test/fixtures';
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

  test.each([
    ['nothing', (): ReturnType<Answer> => ({ body: { results: [] } }), 'Nothing found'],
    ['a failure', (): ReturnType<Answer> => problem(503, 'UNAVAILABLE', 'Not now.'), 'The search failed'],
  ])('shows %s', async (_, answer, words) => {
    testChat = await renderWithChat(<SearchView roomId={7} />, answer);
    await userEvent.type(screen.getByRole('searchbox', { name: 'Search messages' }), 'tea');
    expect(await screen.findByText(words)).toBeTruthy();
    expect(testChat.requests.some((one) => one.includes('room=7'))).toBe(true);
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
