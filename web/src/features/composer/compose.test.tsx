import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AccountContext } from '../../hooks/context';
import { Account } from '../../state/account';
import { renderWithChat, serve, stubBrowser } from '../../test/page';
import type { TestChat } from '../../test/testChat';
import { alice, bob, message, user as person } from '../../test/fixtures';
import { RestClient } from '../../transport/rest';
import { AccountDialog } from '../account/AccountDialog';
import { CloseAccountDialog } from '../account/CloseAccountDialog';
import { RoomView } from '../room/RoomView';
import { SearchView } from '../search/SearchView';

let present: TestChat | undefined;

beforeEach(stubBrowser);

afterEach(() => {
  present?.chat.stop();
  present = undefined;
  vi.unstubAllGlobals();
});

type Answer = Parameters<typeof renderWithChat>[1];
const problem = (status: number, code: string, detail: string, field?: string) => ({
  status,
  body: { status, title: 'No', detail, code, ...(field ? { errors: [{ location: `body.${field}`, message: detail }] } : {}) },
});
const members = [alice, bob, person(3, 'boris', 'Boris')].map((user) => ({ user, role: 'member', status: 'online' }));

async function room(answer: Answer = () => ({ body: {} })) {
  present = await renderWithChat(<RoomView roomId={7} />, (method, path, body) => (path.includes('/members') ? { body: { members } } : answer(method, path, body)));
  return { ...present, user: userEvent.setup(), box: screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'Message general' }) };
}

describe('mentions', () => {
  test('are chosen with the keyboard, while the focus stays in the text', async () => {
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

  test('Escape leaves what is written, and Enter sends it then', async () => {
    const { user, box, command } = await room();
    await user.type(box, '@bo');
    await screen.findByRole('listbox');
    await user.keyboard('{Escape}{Enter}');
    expect((await command('message:send')).data.text).toBe('@bo');
  });

  test('of oneself stand out', async () => {
    const rig = await room();
    serve(rig, message(1, { text: '@alice', html: '<p><span class="mention" data-user-id="1">@alice</span></p>', mentions: [1] }), message(2));
    const lines = await waitFor(() => [screen.getByText('@alice'), screen.getByText('m2')].map((one) => one.closest('li')));
    expect(lines.map((line) => line?.hasAttribute('data-mentions-me'))).toEqual([true, false]);
  });
});

describe('files', () => {
  const note = new File(['plan'], 'plan.txt', { type: 'text/plain' });
  const attachment = { id: 5, name: 'plan.txt', size: 4, contentType: 'text/plain', url: '/api/v1/files/5/plan.txt' };

  test('are attached, go first, and may stand without words', async () => {
    const { user, command, requests: asked } = await room(() => ({ status: 201, body: { attachment } }));
    await user.upload(screen.getByLabelText('Files to attach'), note);
    expect(await screen.findByRole('button', { name: 'Remove plan.txt' })).toBeTruthy();
    await user.click(screen.getByRole('button', { name: 'Send' }));
    expect((await command('message:send')).data).toMatchObject({ text: '', attachmentIds: [5] });
    expect(asked).toContain('POST /uploads');
    expect(screen.queryByRole('button', { name: 'Remove plan.txt' })).toBeNull();
  });

  test('are pasted and dropped as well; pasted text stays text', async () => {
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

  test('too large a one is told before anything is sent, the others stay', async () => {
    const { user, requests: asked } = await room();
    const film = new File([new Uint8Array((10 << 20) + 1)], 'film.mp4', { type: 'video/mp4' });
    await user.upload(screen.getByLabelText('Files to attach'), [film, note]);
    expect((await screen.findByRole('alert')).textContent).toBe('film.mp4 is too large: a file may have 10 MB.');
    await user.click(await screen.findByRole('button', { name: 'Remove plan.txt' }));
    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Send' }).disabled).toBe(true);
    expect(asked.filter((one) => one.includes('uploads'))).toEqual([]);
  });

  test('what the server refuses is told at the message, to be tried again or thrown away', async () => {
    const { user, box, chat } = await room(() => problem(403, 'FORBIDDEN', 'You have too many files.'));
    await user.upload(screen.getByLabelText('Files to attach'), note);
    await user.type(box, 'the plan{Enter}');
    await screen.findByText('Not sent. You have too many files.');
    await user.click(screen.getByRole('button', { name: 'Discard' }));
    await waitFor(() => expect(chat.outbox.entries.getSnapshot()).toEqual([]));
  });

  test('pictures keep their place, open by the keyboard, and one that does not come is a plain file', async () => {
    const rig = await room();
    const picture = (id: number, name: string) => ({ id, name, size: 9, contentType: 'image/png', width: 800, height: 600, url: `/files/${id}`, thumbnailUrl: `/thumbnails/${id}` });
    serve(rig, message(1, { text: '', html: '', attachments: [picture(1, 'one.png'), picture(2, 'two.png'), { ...attachment, id: 3 }] }));
    const button = await screen.findByRole('button', { name: 'Open one.png' });
    const image = button.querySelector('img');
    expect([image?.getAttribute('src'), image?.width, image?.height]).toEqual(['/thumbnails/1', 200, 150]);
    expect(screen.getByRole('link', { name: 'plan.txt 4 bytes' }).getAttribute('download')).toBe('plan.txt');
    act(() => button.focus());
    await rig.user.keyboard('{Enter}');
    expect(screen.getByRole('dialog', { name: 'one.png' })).toBeTruthy();
    await rig.user.keyboard('{ArrowRight}');
    expect(screen.getByRole('dialog', { name: 'two.png' }).textContent).toContain('2 of 2');
    await rig.user.click(screen.getAllByRole('button', { name: 'Close' })[0] as HTMLElement);
    expect(document.activeElement).toBe(button);
    if (image) fireEvent.error(image);
    expect(await screen.findByRole('link', { name: 'one.png 9 bytes' })).toBeTruthy();
  });
});

describe('search', () => {
  test('shows who said what and where, marked, and leads there by the keyboard', async () => {
    const hit = { message: message(4, { text: 'green tea' }), room: { id: 7, name: 'general' }, highlights: [{ start: 6, end: 9 }] };
    present = await renderWithChat(<SearchView roomId={undefined} />, () => ({ body: { results: [hit] } }));
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
    ['a failure', (): ReturnType<Answer> => problem(503, 'UNAVAILABLE', 'Not now.'), 'The search did not work'],
  ])('tells of %s', async (_, answer, words) => {
    present = await renderWithChat(<SearchView roomId={7} />, answer);
    await userEvent.type(screen.getByRole('searchbox', { name: 'Search messages' }), 'tea');
    expect(await screen.findByText(words)).toBeTruthy();
    expect(present.requests.some((one) => one.includes('room=7'))).toBe(true);
  });
});

describe('account', () => {
  test('a guest keeps the account; a taken name is told at its field', async () => {
    const guest = { ...alice, guest: true };
    present = await renderWithChat(<AccountDialog onClose={() => undefined} />, (method, _, body) => {
      if (method !== 'PUT') return { body: { sessions: [] } };
      const { username } = body as { username: string };
      return username === 'bob' ? problem(409, 'USERNAME_TAKEN', 'That username is taken.') : { body: { user: { ...alice, username } } };
    });
    const { chat } = present;
    act(() => chat.profile.user.set(guest));
    const user = userEvent.setup();
    const name = screen.getByLabelText('Username');
    await user.type(name, 'bob');
    await user.type(screen.getByLabelText('Password'), 'long enough');
    await user.click(screen.getByRole('button', { name: 'Keep my account' }));
    await screen.findByText('That username is taken.');
    expect(name.getAttribute('aria-invalid')).toBe('true');
    await user.clear(name);
    await user.type(name, 'alicia');
    await user.click(screen.getByRole('button', { name: 'Keep my account' }));
    await waitFor(() => expect(chat.profile.user.getSnapshot()).toMatchObject({ username: 'alicia', guest: false }));
    expect(screen.getByRole('button', { name: 'Change password' })).toBeTruthy();
  });

  test('is closed by the password alone', async () => {
    const told: unknown[] = [];
    const account = new Account(new RestClient(async (_, init) => {
      const body = JSON.parse(String(init?.body ?? '{}')) as { password?: string };
      told.push(body);
      if (body.password === 'right') return new Response(null, { status: 204 });
      const { body: answer } = problem(403, 'WRONG_PASSWORD', 'That is not your password.');
      return new Response(JSON.stringify(answer), { status: 403 });
    }), 'ws://test/ws');
    present = await renderWithChat(
      <AccountContext value={account}>
        <CloseAccountDialog onClose={() => undefined} />
      </AccountContext>,
      () => ({ body: {} }),
    );
    const user = userEvent.setup();
    const closes = screen.getByRole<HTMLButtonElement>('button', { name: 'Close account' });
    expect(closes.disabled).toBe(true);
    await user.type(screen.getByLabelText('Your password'), 'wrong{Enter}');
    await screen.findByText('That is not your password.');
    expect(account.state.getSnapshot().kind).toBe('checking');
    await user.clear(screen.getByLabelText('Your password'));
    await user.type(screen.getByLabelText('Your password'), 'right{Enter}');
    await waitFor(() => expect(account.state.getSnapshot()).toMatchObject({ kind: 'signed-out', first: false }));
    expect(told).toEqual([{ password: 'wrong' }, { password: 'right' }]);
  });
});
