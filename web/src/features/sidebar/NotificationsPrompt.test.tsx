import { act, screen, waitFor } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Message } from '../../protocol/types';
import { renderWithChat, stubBrowser } from '../../test/page';
import type { TestChat } from '../../test/testChat';
import { message } from '../../test/fixtures';
import { renderShell } from '../../test/shell';
import { NotificationsSetting } from '../account/NotificationsSetting';
import { NotificationsPrompt } from './NotificationsPrompt';

let testChat: TestChat | undefined;

beforeEach(stubBrowser);

afterEach(() => {
  testChat?.chat.stop();
  testChat = undefined;
  location.hash = '';
  vi.unstubAllGlobals();
});

const receive = (rig: TestChat, roomId: number, m: Message) => act(() => rig.socket().serve({ type: 'message:new', data: { roomId, seq: m.changeSeq, message: { ...m, roomId } } }));

describe('notifications', () => {
  class FakeNotification extends EventTarget {
    static permission = 'default';
    static shown: FakeNotification[] = [];
    static requestPermission = async () => (FakeNotification.permission = 'granted');
    title: string;
    options: { body: string; tag: string };
    constructor(title: string, options: { body: string; tag: string }) {
      super();
      this.title = title;
      this.options = options;
      FakeNotification.shown.push(this);
    }
    close() {}
  }

  beforeEach(() => {
    FakeNotification.permission = 'default';
    FakeNotification.shown = [];
    vi.stubGlobal('Notification', FakeNotification);
  });

  test('are offered after the first mention, and a click opens the message', async () => {
    const { rig, user } = await renderShell('#/find');
    receive(rig, 7, message(1));
    expect(screen.queryByText(/Show notifications of mentions/)).toBeNull();
    receive(rig, 9, message(1));
    await user.click(screen.getByRole('button', { name: 'Turn on' }));
    await waitFor(() => expect(screen.queryByText(/Show notifications of mentions/)).toBeNull());
    expect(FakeNotification.shown).toEqual([]);
    receive(rig, 7, message(2, { mentions: [1], text: 'tea, @alice?' }));
    await waitFor(() => expect(FakeNotification.shown).toMatchObject([{ title: 'Bob in general', options: { body: 'tea, @alice?', tag: 'chillin-1002' } }]));
    act(() => FakeNotification.shown[0]?.dispatchEvent(new Event('click')));
    await waitFor(() => expect(location.hash).toBe('#/room/7'));
  });

  test('are not shown while a tab of the same user has the focus', async () => {
    const { rig } = await renderShell('#/find');
    FakeNotification.permission = 'granted';
    rig.chat.notifications.setChoice('on');
    const looked = vi.spyOn(rig.chat, 'isFocused').mockResolvedValue(true);
    receive(rig, 9, message(1));
    await waitFor(() => expect(looked).toHaveBeenCalled());
    expect(FakeNotification.shown).toEqual([]);
  });

  test('are not offered again after a refusal; the settings can still enable them', async () => {
    const { rig, user } = await renderShell('#/find');
    receive(rig, 9, message(1));
    await user.click(screen.getByRole('button', { name: 'No, thanks' }));
    expect(screen.queryByText(/Show notifications of mentions/)).toBeNull();
    rig.chat.stop();
    document.body.replaceChildren();
    testChat = await renderWithChat(<><NotificationsPrompt /><NotificationsSetting /></>, () => ({ body: {} }));
    const choice = screen.getByRole<HTMLInputElement>('checkbox', { name: 'Notify me of mentions and direct messages' });
    expect(choice.checked).toBe(false);
    await user.click(choice);
    await waitFor(() => expect(choice.checked).toBe(true));
    await user.click(choice);
    expect([choice.checked, testChat.chat.notifications.choice.getSnapshot()]).toEqual([false, 'off']);
  });
});
