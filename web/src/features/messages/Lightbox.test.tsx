import { act, fireEvent, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { renderWithChat, serve, stubBrowser } from '../../test/page';
import type { TestChat } from '../../test/testChat';
import { alice, bob, message, user as person } from '../../test/fixtures';
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

describe('files', () => {
  test('pictures reserve their space, open with the keyboard, and become a plain file if they fail to load', async () => {
    const rig = await room();
    const picture = (id: number, name: string) => ({ id, name, size: 9, contentType: 'image/png', width: 800, height: 600, url: `/files/${id}`, thumbnailUrl: `/thumbnails/${id}` });
    serve(rig, message(1, { text: '', html: '', attachments: [picture(1, 'one.png'), picture(2, 'two.png'), { id: 3, name: 'plan.txt', size: 4, contentType: 'text/plain', url: '/api/v1/files/3/plan.txt' }] }));
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
