import { act, screen } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Message } from '../../protocol/types';
import { stubBrowser } from '../../test/page';
import type { TestChat } from '../../test/testChat';
import { author, message } from '../../test/fixtures';
import { cleo, renderShell } from '../../test/shell';

beforeEach(stubBrowser);

afterEach(() => {
  location.hash = '';
  vi.unstubAllGlobals();
});

const receive = (rig: TestChat, roomId: number, m: Message) => act(() => rig.socket().serve({ type: 'message:new', data: { roomId, seq: m.changeSeq, message: { ...m, roomId } } }));

describe('room list', () => {
  test('marks rooms with a draft, except the open room', async () => {
    const { user, sidebar } = await renderShell('#/room/7');
    await user.type(screen.getByRole('textbox', { name: 'Message general' }), 'half a');
    expect(sidebar.queryByText('Draft')).toBeNull();
    await user.click(sidebar.getByRole('link', { name: 'Bob online' }));
    expect(await screen.findByRole('textbox', { name: 'Message Bob' })).toBeTruthy();
    expect(sidebar.getByText('Draft').closest('a')?.textContent).toContain('general');
  });

  test('shows the presence of people and sorts them by their last message', async () => {
    const { rig, links, sidebar } = await renderShell('#/room/7');
    receive(rig, 9, message(1, { createdAt: '2026-11-23T11:00:00.000Z' }));
    receive(rig, 10, message(1, { author: author(cleo), createdAt: '2026-11-23T12:00:00.000Z' }));
    expect(links().slice(-2).map((text) => text?.slice(0, 6))).toEqual(['CCleo1', 'BBob o']);
    receive(rig, 9, message(2, { createdAt: '2026-11-23T13:00:00.000Z' }));
    expect(sidebar.getAllByRole('link').at(-2)).toBe(sidebar.getByRole('link', { name: /^Bob online/ }));
    act(() => rig.socket().serve({ type: 'presence:update', data: { roomId: 9, users: [{ userId: 2, status: 'busy' }] } }));
    expect(sidebar.getByRole('link', { name: /^Bob busy/ })).toBeTruthy();
  });

  test('counts only mentions of a quiet room, in the list and in the title', async () => {
    const { rig, user, sidebar } = await renderShell('#/room/7');
    await user.click(screen.getByRole('button', { name: 'Quiet' }));
    location.hash = '#/find';
    await screen.findByRole('heading', { name: 'Find rooms' });
    receive(rig, 7, message(1));
    expect(sidebar.getByRole('link', { name: 'general quiet' })).toBeTruthy();
    expect(document.title).toBe('Find rooms · Chillin');
    receive(rig, 7, message(2, { mentions: [1] }));
    expect(sidebar.getByRole('link', { name: 'general quiet 1 mention, 2 unread' })).toBeTruthy();
    expect(document.title).toBe('(1) Find rooms · Chillin');
  });
});
