import { act, fireEvent, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { renderWithChat, stubBrowser } from '../../test/page';
import type { TestChat } from '../../test/testChat';
import { alice, bob, user as person } from '../../test/fixtures';
import { RoomView } from '../room/RoomView';

let testChat: TestChat | undefined;

beforeEach(stubBrowser);

afterEach(() => {
  testChat?.chat.stop();
  testChat = undefined;
  vi.unstubAllGlobals();
});

type Answer = Parameters<typeof renderWithChat>[1];

const members = [alice, bob, person(3, 'boris', 'Boris')].map((user) => ({ user, role: 'member', status: 'online' }));

async function room(answer: Answer = () => ({ body: {} })) {
  testChat = await renderWithChat(<RoomView roomId={7} />, (method, path, body) => (path.includes('/members') ? { body: { members } } : answer(method, path, body)));
  return { ...testChat, user: userEvent.setup(), box: screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'Message general' }) };
}

describe('mentions', () => {
  test('are chosen with the keyboard while the focus stays in the text', async () => {
    const { user, box, command } = await room();
    await user.type(box, 'tea, @bo');
    const list = await screen.findByRole('listbox', { name: 'People to mention' });
    expect(within(list).getAllByRole('option').map((option) => option.textContent)).toEqual(['BBob @bob', 'BBoris @boris']);
    await user.keyboard('{ArrowDown}');
    const chosen = within(list).getByRole('option', { selected: true });
    expect(box.getAttribute('aria-activedescendant')).toBe(chosen.id);
    expect(document.activeElement).toBe(box);
    await user.keyboard('{Enter}');
    expect(box.value).toBe('tea, @boris ');
    expect(screen.queryByRole('listbox')).toBeNull();
    await user.keyboard('?{Enter}');
    expect((await command('message:send')).data.text).toBe('tea, @boris ?');
  });

  test('leaves out blocked people', async () => {
    const { user, box, socket } = await room();
    act(() => socket().serve({ type: 'block:updated', data: { userId: bob.id, blocked: true } }));
    await user.type(box, '@bo');
    const list = await screen.findByRole('listbox', { name: 'People to mention' });
    expect(within(list).getAllByRole('option').map((option) => option.textContent)).toEqual(['BBoris @boris']);
  });

  test('Escape closes the list, and Enter then sends the text', async () => {
    const { user, box, command } = await room();
    await user.type(box, '@bo');
    await screen.findByRole('listbox');
    await user.keyboard('{Escape}{Enter}');
    expect((await command('message:send')).data.text).toBe('@bo');
  });
});

describe('files', () => {
  const note = new File(['plan'], 'plan.txt', { type: 'text/plain' });

  const attachment = { id: 5, name: 'plan.txt', size: 4, contentType: 'text/plain', url: '/api/v1/files/5/plan.txt' };

  test('are uploaded before the message and need no text', async () => {
    const { user, command, requests: asked } = await room(() => ({ status: 201, body: { attachment } }));
    await user.upload(screen.getByLabelText('Files to attach'), note);
    expect(await screen.findByRole('button', { name: 'Remove plan.txt' })).toBeTruthy();
    await user.click(screen.getByRole('button', { name: 'Send' }));
    expect((await command('message:send')).data).toMatchObject({ text: '', attachmentIds: [5] });
    expect(asked).toContain('POST /uploads');
    expect(screen.queryByRole('button', { name: 'Remove plan.txt' })).toBeNull();
  });

  test('are attached by paste and drop; pasted text stays text', async () => {
    const { box } = await room();
    const picture = new File(['x'], 'shot.png', { type: 'image/png' });
    fireEvent.paste(box, { clipboardData: { files: [picture], types: ['Files'] } });
    expect(await screen.findByRole('button', { name: 'Remove shot.png' })).toBeTruthy();
    fireEvent.paste(box, { clipboardData: { files: [new File(['x'], 'table.png', { type: 'image/png' })], types: ['text/plain', 'Files'] } });
    const over = { dataTransfer: { types: ['Files'], files: [note] } };
    fireEvent.dragEnter(box, over);
    fireEvent.drop(screen.getByText('Drop files to send them to general'), over);
    expect(await screen.findByRole('button', { name: 'Remove plan.txt' })).toBeTruthy();
    expect(screen.queryByText(/Drop files/)).toBeNull();
    expect(screen.getAllByRole('button', { name: /^Remove/ })).toHaveLength(2);
  });

  test('rejects a file that is too large before the upload and keeps the others', async () => {
    const { user, requests: asked } = await room();
    const film = new File([new Uint8Array((10 << 20) + 1)], 'film.mp4', { type: 'video/mp4' });
    await user.upload(screen.getByLabelText('Files to attach'), [film, note]);
    expect((await screen.findByRole('alert')).textContent).toBe('film.mp4 is too large. The limit is 10 MB.');
    await user.click(await screen.findByRole('button', { name: 'Remove plan.txt' }));
    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Send' }).disabled).toBe(true);
    expect(asked.filter((one) => one.includes('uploads'))).toEqual([]);
  });
});
