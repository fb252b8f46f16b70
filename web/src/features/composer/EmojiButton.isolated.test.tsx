import { screen } from '@testing-library/react';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { loadEmoji } from '../../state/emoji';
import { stubBrowser } from '../../test/page';
import { renderShell } from '../../test/shell';

// The board of all emoji has 1,900 buttons, which are slow in happy-dom.
vi.mock('virtual:emoji-data', () => ({ default: '🍵\ttea\tteacup without handle\thot\n🚀\trocket\trocket\tlaunch' }));

beforeEach(stubBrowser);

// Loads the emoji data before the first wait, which has a timeout.
beforeAll(loadEmoji);

afterEach(() => {
  location.hash = '';
  vi.unstubAllGlobals();
});

describe('emoji', () => {
  test('inserts an emoji at the caret, from the common ones or from all', async () => {
    const { user } = await renderShell('#/room/7');
    const box = screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'Message general' });
    await user.type(box, 'tea  please');
    box.setSelectionRange(4, 4);
    await user.click(screen.getByRole('button', { name: 'Emoji' }));
    await user.click(screen.getByRole('menuitem', { name: 'All emoji' }));
    await user.click(await screen.findByTitle('Teacup without handle'));
    expect([box.value, box.selectionStart, document.activeElement]).toEqual(['tea 🍵 please', 6, box]);
  });
});
