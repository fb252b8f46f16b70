import { fireEvent, screen } from '@testing-library/react';
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
  test('shows initials if the avatar fails to load', async () => {
    testChat = await renderWithChat(<RoomView roomId={7} />, (_, path) => ({ body: path.includes('/members') ? { members: [] } : {} }));
    serve(testChat, message(1, { author: { id: bob.id, username: 'bob', displayName: 'Bob', avatarUrl: '/gone' } }));
    const row = (await screen.findByText('m1')).closest('li');
    const picture = row?.querySelector('img');
    expect(picture).toBeTruthy();
    if (picture) fireEvent.error(picture);
    expect(row?.querySelector('[aria-hidden=true]')?.textContent).toBe('B');
  });
});
