import { fireEvent, screen } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { renderWithChat, serve, stubBrowser } from '../../test/page';
import type { TestChat } from '../../test/testChat';
import { message } from '../../test/fixtures';
import { RoomView } from '../room/RoomView';

let testChat: TestChat | undefined;

beforeEach(stubBrowser);

afterEach(() => {
  testChat?.chat.stop();
  testChat = undefined;
  location.hash = '';
  vi.unstubAllGlobals();
});

describe('audio and video', () => {
  const file = (id: number, name: string, contentType: string) => ({ id, name, size: 9, contentType, url: `/files/${id}` });

  test('play in place; a file that cannot be played is a plain file', async () => {
    testChat = await renderWithChat(<RoomView roomId={7} />, (_, path) => ({ body: path.includes('/members') ? { members: [] } : {} }));
    serve(testChat, message(1, { attachments: [file(1, 'song.mp3', 'audio/mpeg'), file(2, 'film.mp4', 'video/mp4'), file(3, 'voice.ogg', 'application/ogg'), file(4, 'take.wav', 'audio/wav'), file(6, 'clip.mov', 'video/quicktime'), file(7, 'paper.pdf', 'application/pdf')] }));
    const players = [screen.getByLabelText('song.mp3'), screen.getByLabelText('film.mp4'), screen.getByLabelText('voice.ogg'), screen.getByLabelText('take.wav'), screen.getByLabelText('clip.mov')];
    expect(players.map((one) => [one.tagName, one.getAttribute('src'), one.getAttribute('preload')])).toEqual([
      ['AUDIO', '/files/1', 'metadata'],
      ['VIDEO', '/files/2', 'metadata'],
      ['AUDIO', '/files/3', 'metadata'],
      ['AUDIO', '/files/4', 'metadata'],
      ['VIDEO', '/files/6', 'metadata'],
    ]);
    expect(screen.getByRole('link', { name: 'paper.pdf 9 bytes' })).toBeTruthy();
    expect(screen.getByRole('link', { name: 'Save film.mp4' }).getAttribute('download')).toBe('film.mp4');
    fireEvent.error(players[1] as HTMLElement);
    expect(await screen.findByRole('link', { name: 'film.mp4 9 bytes' })).toBeTruthy();
    // A voice recording has no picture.
    serve(testChat, message(2, { attachments: [file(5, 'voice.webm', 'video/webm')] }));
    const voice = screen.getByLabelText('voice.webm');
    Object.defineProperty(voice, 'videoWidth', { value: 0 });
    fireEvent.loadedMetadata(voice);
    expect(screen.getByLabelText('voice.webm').tagName).toBe('AUDIO');
  });
});
