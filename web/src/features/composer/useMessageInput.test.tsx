import { fireEvent, screen, within } from '@testing-library/react';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { loadEmoji } from '../../state/emoji';
import { renderWithChat, stubBrowser } from '../../test/page';
import type { TestChat } from '../../test/testChat';
import { alice, bob, user as person } from '../../test/fixtures';
import { renderShell } from '../../test/shell';
import { Shell } from '../../app/Shell';

let testChat: TestChat | undefined;

beforeEach(stubBrowser);

// Loads the emoji data before the first wait, which has a timeout.
beforeAll(loadEmoji);

afterEach(() => {
  testChat?.chat.stop();
  testChat = undefined;
  location.hash = '';
  vi.unstubAllGlobals();
});

describe('emoji', () => {
  test('are inserted by their code, from the list or written out', async () => {
    const { user } = await renderShell('#/room/7');
    const box = screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'Message general' });
    await user.type(box, 'look :rocke');
    expect(within(await screen.findByRole('listbox', { name: 'Emoji' })).getByRole('option', { selected: true }).textContent).toBe('🚀 :rocket:');
    await user.keyboard('{Enter}');
    expect(box.value).toBe('look 🚀 ');
    await user.type(box, 'and :wave:!');
    expect(box.value).toBe('look 🚀 and 👋!');
  });

  test('are not replaced in a code block, where Enter inserts a line break', async () => {
    const { user, command } = await renderShell('#/room/7');
    const box = screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'Message general' });
    await user.type(box, '```{Enter}a :wave:{Enter}```');
    expect(box.value).toBe('```\na :wave:\n```');
    await user.keyboard('{Enter}');
    expect((await command('message:send')).data.text).toBe('```\na :wave:\n```');
  });
});

describe('mentions', () => {
  /** Sends a text before the members that it may mention are requested. */
  async function composer(found: readonly (typeof alice)[]) {
    location.hash = '#/room/7';
    const members = found.map((user) => ({ user, role: 'member', status: 'offline', joinedAt: '' }));
    const rig = await renderWithChat(<Shell />, (_, path) => ({ body: path.includes('/members') ? { members } : {} }));
    testChat = rig;
    const box = screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'Message general' });
    fireEvent.change(box, { target: { value: 'hi @bo' } });
    fireEvent.keyDown(box, { key: 'Enter' });
    return { ...rig, box };
  }

  test('a name that is sent before the members are known means the one that it begins', async () => {
    const { command } = await composer([bob]);
    expect((await command('message:send')).data).toMatchObject({ text: 'hi @bob' });
  });

  test('a name that may mean several members is chosen before it is sent', async () => {
    const { box } = await composer([bob, person(4, 'bobby', 'Bobby')]);
    const list = await screen.findByRole('listbox', { name: 'People to mention' });
    expect(within(list).getAllByRole('option')).toHaveLength(2);
    expect(box.value).toBe('hi @bo');
  });

  test('a name of nobody is sent as typed', async () => {
    const { command } = await composer([]);
    expect((await command('message:send')).data).toMatchObject({ text: 'hi @bo' });
  });
});
