import { act, fireEvent, screen, waitFor } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { serve, stubBrowser } from '../../test/page';
import { message, mine } from '../../test/fixtures';
import { membership, renderShell } from '../../test/shell';

beforeEach(stubBrowser);

afterEach(() => {
  location.hash = '';
  vi.unstubAllGlobals();
});

describe('a muted member', () => {
  const until = () => new Date(Date.now() + 60_000).toISOString();

  test('is offered no action that the server would refuse, and sees why', async () => {
    const { rig, user, socket } = await renderShell('#/room/7');
    serve(rig, message(1, { reactions: [{ emoji: '👍', count: 1, me: false, userIds: [2] }] }), mine(2, 'a'));
    await user.type(screen.getByRole('textbox', { name: 'Message general' }), '{ArrowUp}!');
    act(() => socket().serve({ type: 'membership:updated', data: { membership: membership(7, { mutedUntil: until() }) } }));
    const chip = screen.getByRole('button', { name: '👍 1, Bob. You are muted here' });
    await user.click(chip);
    for (const reply of screen.getAllByRole('button', { name: 'Reply' })) await user.click(reply);
    await user.click(screen.getByRole('button', { name: 'Save' }));
    expect(screen.getByText('You are muted here. You can save your edit afterwards.')).toBeTruthy();
    expect([chip.getAttribute('aria-disabled'), chip.title]).toEqual(['true', 'Bob. You are muted here.']);
    const over = { dataTransfer: { types: ['Files'], files: [] } };
    fireEvent.dragEnter(screen.getByRole('region', { name: 'Messages in general' }), over);
    expect(screen.queryByText(/Drop files/)).toBeNull();
    expect(socket().sent.map(({ type }) => type).filter((type) => type.startsWith('message:'))).toEqual([]);
    act(() => socket().serve({ type: 'membership:updated', data: { membership: membership(7) } }));
    expect(screen.getByRole('button', { name: '👍 1, Bob' }).getAttribute('aria-disabled')).toBeNull();
  });

  test('can write and react again as soon as the mute ends', async () => {
    const { rig, socket } = await renderShell('#/room/7');
    serve(rig, message(1, { reactions: [{ emoji: '👍', count: 1, me: false, userIds: [2] }] }));
    act(() => socket().serve({ type: 'membership:updated', data: { membership: membership(7, { mutedUntil: new Date(Date.now() + 200).toISOString() }) } }));
    expect(screen.getByRole('button', { name: /^👍/ }).getAttribute('aria-disabled')).toBe('true');
    await waitFor(() => expect(screen.getByRole('button', { name: /^👍/ }).getAttribute('aria-disabled')).toBeNull());
  });
});
