import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { renderWithChat, serve, stubBrowser } from '../../test/page';
import type { TestChat } from '../../test/testChat';
import { bob, message } from '../../test/fixtures';
import { RoomView } from '../room/RoomView';

let testChat: TestChat | undefined;

beforeEach(stubBrowser);

afterEach(() => {
  testChat?.chat.stop();
  testChat = undefined;
  location.hash = '';
  vi.unstubAllGlobals();
});

describe('message', () => {
  test('links to the quoted message, and a message link opens that message', async () => {
    const user = userEvent.setup();
    testChat = await renderWithChat(<RoomView roomId={7} at={1} />, (_, path) => ({ body: path.includes('/members') ? { members: [] } : {} }));
    const author = { id: bob.id, username: 'bob', displayName: 'Bob', avatarUrl: '' };
    serve(testChat, message(1), message(2, { replyTo: { id: 1001, seq: 1, author, excerpt: 'm1' } }));
    expect(screen.getByRole('link', { name: 'Bob m1' }).getAttribute('href')).toBe('#/room/7/1');
    const found = await waitFor(() => {
      const row = document.querySelector('[aria-current=true]');
      if (row === null) throw new Error('nothing is found');
      return row;
    });
    expect(found.textContent).toContain('m1');
    await waitFor(() => expect(document.activeElement).toBe(found));
    await user.click(screen.getAllByRole('button', { name: 'More actions' })[0] as HTMLElement);
    await user.click(screen.getByRole('menuitem', { name: 'Copy link' }));
    expect(await navigator.clipboard.readText()).toMatch(/#\/room\/7\/1$/);
  });
});
