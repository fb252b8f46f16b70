import { expect, test } from '@playwright/test';
import { fresh, node1, node2, Person } from './people';

/** Silent frames: an MP3 file that a browser can play. */
const frame = Buffer.concat([Buffer.from([0xff, 0xfb, 0x90, 0x00]), Buffer.alloc(413)]);
const silence = Buffer.concat([Buffer.from('ID3\x03\0\0\0\0\0\0', 'latin1'), ...Array.from({ length: 80 }, () => frame)]);

test('a draft survives a reload, is shared by all tabs and is removed at sign-out', async ({ browser }) => {
  const name = fresh('alice');
  const room = fresh('room');
  const alice = await Person.at(browser, node1);
  await alice.registers(name);
  await alice.createsRoom(room);
  await alice.says('Who comes on Thursday?');
  await alice.line('Who comes on Thursday?').hover();
  await alice.line('Who comes on Thursday?').getByRole('button', { name: 'Reply' }).click();
  const box = alice.page.getByRole('textbox', { name: `Message ${room}` });
  await box.fill('I would, but');
  const address = alice.page.url();
  await alice.page.goto(`${node1}/#/find`);
  const link = alice.page.getByRole('link', { name: `${room} Draft` });
  await expect(link).toBeVisible();

  // Another tab shows the draft, and text written there appears here.
  const second = await alice.context.newPage();
  await second.goto(address);
  const otherBox = second.getByRole('textbox', { name: `Message ${room}` });
  await expect(otherBox).toHaveValue('I would, but');
  await expect(second.getByText('Reply to')).toBeVisible();
  await otherBox.press('End');
  await otherBox.pressSequentially(' the ladder');
  await link.click();
  await expect(box).toHaveValue('I would, but the ladder');
  await second.close();

  await alice.page.reload();
  await expect(box).toHaveValue('I would, but the ladder');
  await box.press('Enter');
  await alice.sees('I would, but the ladder');
  await box.fill('And one more thing');
  await alice.page.getByRole('button', { name: 'Sign out' }).click();
  await alice.page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click();
  await expect(alice.page.getByRole('heading', { name: 'Welcome back' })).toBeVisible();
  expect(await alice.page.evaluate(() => Object.keys(localStorage).filter((key) => key.includes('draft')))).toEqual([]);
});

test('a user in another room sees the tab icon, opens the room with the keyboard and plays the audio file', async ({ browser }) => {
  const room = fresh('room');
  const other = fresh('other');
  const bobName = fresh('bob');
  const alice = await Person.at(browser, node1);
  const bob = await Person.at(browser, node2);
  // Chromium's headless shell denies notifications without asking. A browser with a window asks.
  await bob.context.addInitScript(() => Object.defineProperty(Notification, 'permission', { get: () => 'default' }));
  await alice.registers(fresh('alice'));
  await bob.registers(bobName);
  await alice.createsRoom(room);
  await bob.joins(room);
  await bob.createsRoom(other);
  const icon = bob.page.locator('link[rel=icon]');
  await expect(icon).toHaveAttribute('href', '/favicon.svg');

  await alice.page.getByLabel('Files to attach').setInputFiles({ name: 'frogs.mp3', mimeType: 'audio/mpeg', buffer: silence });
  const box = alice.page.getByRole('textbox', { name: /^Message / });
  await box.fill('Listen :tada:');
  await expect(box).toHaveValue('Listen 🎉');
  await box.press('Enter');
  await expect(alice.line('Listen 🎉')).toBeVisible();
  await expect(icon).toHaveAttribute('href', '/favicon-unread.svg');
  await alice.says(`@${bobName}, do you hear the frogs?`);
  await expect(icon).toHaveAttribute('href', '/favicon-called.svg');
  // The permission is requested only now, after a click.
  await expect(bob.page.getByRole('button', { name: 'Turn on' })).toBeVisible();
  await bob.page.getByRole('button', { name: 'No, thanks' }).click();

  await bob.page.keyboard.press('Control+k');
  await bob.page.getByRole('combobox', { name: 'Go to a room or a person' }).fill(room.slice(0, 9));
  await expect(bob.page.getByRole('option', { selected: true })).toContainText(room);
  await bob.page.keyboard.press('Enter');
  await bob.isIn(room);
  await expect(icon).toHaveAttribute('href', '/favicon.svg');
  const player = bob.page.getByLabel('frogs.mp3', { exact: true });
  await expect.poll(() => player.evaluate((audio: HTMLAudioElement) => audio.duration)).toBeGreaterThan(1);

  await bob.page.keyboard.press('Alt+ArrowUp');
  await bob.isIn(other);
  await bob.page.keyboard.press('Alt+ArrowDown');
  await bob.isIn(room);
});
