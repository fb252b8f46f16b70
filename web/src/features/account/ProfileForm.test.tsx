import { act, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { alice } from '../../test/fixtures';
import { renderWithChat, stubBrowser } from '../../test/page';
import type { TestChat } from '../../test/testChat';
import { ProfileForm } from './ProfileForm';

let testChat: TestChat | undefined;

beforeEach(stubBrowser);

afterEach(() => {
  testChat?.chat.stop();
  testChat = undefined;
  location.hash = '';
  vi.unstubAllGlobals();
});

const problem = (status: number, code: string, detail: string) => ({ status, body: { status, title: 'No', detail, code } });

const png = (bytes: number) => new File([new Uint8Array(bytes)], 'me.png', { type: 'image/png' });

describe('profile', () => {
  async function profile(answer: Parameters<typeof renderWithChat>[1]) {
    testChat = await renderWithChat(<ProfileForm />, answer);
    return { ...testChat, user: userEvent.setup({ applyAccept: false }) };
  }

  test('saves the display name and the status message', async () => {
    const { user, chat } = await profile((_, __, body) => ({ body: { user: { ...alice, ...(body as object) } } }));
    await user.clear(screen.getByLabelText('Display name'));
    await user.type(screen.getByLabelText('Display name'), 'Alice M.');
    await user.type(screen.getByLabelText('Status message'), 'Reading');
    await user.click(screen.getByRole('button', { name: 'Save profile' }));
    await waitFor(() => expect(chat.profile.user.getSnapshot()).toMatchObject({ displayName: 'Alice M.', statusMessage: 'Reading' }));
    expect(screen.queryByRole('button', { name: 'Save profile' })).toBeNull();
  });

  test('offers the time zone of the device first, saves a zone and removes it', async () => {
    const bodies: unknown[] = [];
    const { user } = await profile((method, __, body) => {
      if (method === 'PATCH') bodies.push(body);
      const { timeZone, ...rest } = body as { timeZone: string };
      return { body: { user: { ...alice, ...rest, ...(timeZone ? { timeZone } : {}) } } };
    });
    const zone = () => screen.getByLabelText<HTMLSelectElement>('Time zone');
    const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
    expect([...zone().options].slice(0, 2).map(({ value, text }) => [value, text])).toEqual([['', 'Not shown'], [here, `This device: ${here.replaceAll('_', ' ')}`]]);
    await user.selectOptions(zone(), 'America/New_York');
    await user.click(screen.getByRole('button', { name: 'Save profile' }));
    await waitFor(() => expect(bodies.at(-1)).toMatchObject({ timeZone: 'America/New_York' }));
    await user.selectOptions(await screen.findByLabelText('Time zone'), 'Not shown');
    await user.click(screen.getByRole('button', { name: 'Save profile' }));
    await waitFor(() => expect(bodies.at(-1)).toMatchObject({ timeZone: '' }));
  });

  test.each([
    ['too large', png(5 * 1024 * 1024 + 1), 'The picture is too large. The limit is 5 MB.'],
    ['no picture', new File(['x'], 'a.pdf', { type: 'application/pdf' }), 'This file type is not supported. Use PNG, JPEG, GIF or WebP.'],
  ])('rejects a file that is %s before the upload', async (_, file, reason) => {
    const { user, requests: asked } = await profile(() => ({ body: {} }));
    await user.upload(screen.getByLabelText('Picture file'), file);
    expect((await screen.findByRole('alert')).textContent).toBe(reason);
    expect(asked.filter((one) => one.startsWith('PUT'))).toEqual([]);
  });

  test('previews a picture, shows the error of a failed upload and can retry', async () => {
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

  test('cannot be changed offline, and says why', async () => {
    const { socket } = await profile(() => ({ body: {} }));
    act(() => socket().end(1006));
    expect(await screen.findByText('You are not connected. This needs the server.')).toBeTruthy();
    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Add a picture' }).disabled).toBe(true);
  });
});
