import { act, fireEvent, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { renderWithChat, serve, stubBrowser } from '../../test/page';
import type { TestChat } from '../../test/testChat';
import { alice, bob, message } from '../../test/fixtures';
import { ProfileForm } from './ProfileForm';
import { RoomView } from '../room/RoomView';

let present: TestChat | undefined;

beforeEach(stubBrowser);

afterEach(() => {
  present?.chat.stop();
  present = undefined;
  location.hash = '';
  vi.unstubAllGlobals();
});

const problem = (status: number, code: string, detail: string) => ({ status, body: { status, title: 'No', detail, code } });
const png = (bytes: number) => new File([new Uint8Array(bytes)], 'me.png', { type: 'image/png' });

describe('profile', () => {
  async function profile(answer: Parameters<typeof renderWithChat>[1]) {
    present = await renderWithChat(<ProfileForm />, answer);
    return { ...present, user: userEvent.setup({ applyAccept: false }) };
  }

  test('a name and a few words are saved', async () => {
    const { user, chat } = await profile((_, __, body) => ({ body: { user: { ...alice, ...(body as object) } } }));
    await user.clear(screen.getByLabelText('Display name'));
    await user.type(screen.getByLabelText('Display name'), 'Alice M.');
    await user.type(screen.getByLabelText('Status message'), 'Reading');
    await user.click(screen.getByRole('button', { name: 'Save profile' }));
    await waitFor(() => expect(chat.profile.user.getSnapshot()).toMatchObject({ displayName: 'Alice M.', statusMessage: 'Reading' }));
    expect(screen.queryByRole('button', { name: 'Save profile' })).toBeNull();
  });

  test.each([
    ['too large', png(5 * 1024 * 1024 + 1), 'That picture is too large. It may have 5 MB.'],
    ['no picture', new File(['x'], 'a.pdf', { type: 'application/pdf' }), 'That is no picture we can use. PNG, JPEG, GIF and WebP are.'],
  ])('a file that is %s is refused before it is sent', async (_, file, reason) => {
    const { user, requests: asked } = await profile(() => ({ body: {} }));
    await user.upload(screen.getByLabelText('Picture file'), file);
    expect((await screen.findByRole('alert')).textContent).toBe(reason);
    expect(asked.filter((one) => one.startsWith('PUT'))).toEqual([]);
  });

  test('a picture is seen before it is sent; what the storage says is told, and it can be tried again', async () => {
    let away = true;
    const { user, chat } = await profile(() => (away ? problem(503, 'UNAVAILABLE', 'The files are away right now.') : { body: { user: { ...alice, avatarUrl: '/api/v1/avatars/x' } } }));
    await user.upload(screen.getByLabelText('Picture file'), png(10));
    await user.click(screen.getByRole('button', { name: 'Use this picture' }));
    expect((await screen.findByRole('alert')).textContent).toBe('The files are away right now.');
    away = false;
    await user.click(screen.getByRole('button', { name: 'Use this picture' }));
    const change = await screen.findByRole('button', { name: 'Change picture' });
    await waitFor(() => expect(document.activeElement).toBe(change));
    expect(chat.profile.user.getSnapshot().avatarUrl).toBe('/api/v1/avatars/x');
  });

  test('offline nothing can be changed, and why is told', async () => {
    const { socket } = await profile(() => ({ body: {} }));
    act(() => socket().end(1006));
    expect(await screen.findByText('You are not connected. This needs the server.')).toBeTruthy();
    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Add a picture' }).disabled).toBe(true);
  });
});

describe('in a room', () => {
  test('a picture that does not come is replaced by initials', async () => {
    present = await renderWithChat(<RoomView roomId={7} />, (_, path) => ({ body: path.includes('/members') ? { members: [] } : {} }));
    serve(present, message(1, { author: { id: bob.id, username: 'bob', displayName: 'Bob', avatarUrl: '/gone' } }));
    const row = (await screen.findByText('m1')).closest('li');
    const picture = row?.querySelector('img');
    expect(picture).toBeTruthy();
    if (picture) fireEvent.error(picture);
    expect(row?.querySelector('[aria-hidden=true]')?.textContent).toBe('B');
  });

  test('a quote leads to what it quotes, and a message to its own address', async () => {
    const user = userEvent.setup();
    present = await renderWithChat(<RoomView roomId={7} at={1} />, (_, path) => ({ body: path.includes('/members') ? { members: [] } : {} }));
    const author = { id: bob.id, username: 'bob', displayName: 'Bob', avatarUrl: '' };
    serve(present, message(1), message(2, { replyTo: { id: 1001, seq: 1, author, excerpt: 'm1' } }));
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
