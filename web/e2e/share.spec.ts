import { AxeBuilder } from '@axe-core/playwright';
import { expect, test } from '@playwright/test';
import { fresh, node1, node2, Person } from './people';

/** A small picture of one colour. */
const picture = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAgAAAAGCAIAAABxZ0isAAAAEUlEQVR42mOw6cnDihgGUgIA/4Y6Ib8En0gAAAAASUVORK5CYII=', 'base64');

async function faults({ page }: Person): Promise<string[]> {
  await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => undefined))));
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']).analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

test('files are sent with a message, also offline and across a reload', async ({ browser }) => {
  const room = fresh('room');
  const alice = await Person.at(browser, node1);
  const bob = await Person.at(browser, node2);
  await alice.registers(fresh('alice'));
  await bob.registers(fresh('bob'));
  await alice.createsRoom(room);
  await bob.joins(room);

  await alice.page.getByLabel('Files to attach').setInputFiles([
    { name: 'view.png', mimeType: 'image/png', buffer: picture },
    { name: 'plan.txt', mimeType: 'text/plain', buffer: Buffer.from('first seeds, then soil') },
  ]);
  await expect(alice.page.getByRole('list', { name: 'Attached files' }).getByRole('listitem')).toHaveCount(2);
  expect(await faults(alice)).toEqual([]);
  await alice.says('From the hill');
  await bob.sees('From the hill');
  const image = bob.line('From the hill').getByRole('button', { name: 'Open view.png' });
  await expect(image.locator('img')).not.toHaveJSProperty('naturalWidth', 0);
  const saved = bob.page.waitForEvent('download');
  await bob.line('From the hill').getByRole('link', { name: /plan\.txt/ }).click();
  expect((await saved).suggestedFilename()).toBe('plan.txt');
  await image.click();
  const viewer = bob.page.getByRole('dialog', { name: 'view.png' });
  await expect(viewer.getByRole('img')).not.toHaveJSProperty('naturalWidth', 0);
  expect(await faults(bob)).toEqual([]);
  await bob.page.keyboard.press('Escape');
  await expect(image).toBeFocused();

  // The upload is blocked, the page is closed, and another page completes the upload.
  await alice.page.route('**/api/v1/uploads', () => undefined);
  await alice.page.getByLabel('Files to attach').setInputFiles({ name: 'late.txt', mimeType: 'text/plain', buffer: Buffer.from('late') });
  await expect(alice.page.getByRole('button', { name: 'Remove late.txt' })).toBeVisible();
  await alice.says('Sent on the way home');
  await expect(alice.line('Sent on the way home')).toContainText('Uploading…');
  await alice.page.unroute('**/api/v1/uploads');
  await alice.page.reload();
  await bob.sees('Sent on the way home');
  await expect(bob.line('Sent on the way home').getByRole('link', { name: /late\.txt/ })).toBeVisible();
  await alice.sees('Sent on the way home');
  await expect(alice.page.getByText('Uploading…')).toHaveCount(0);
});

test('a mention is shown to the user, and the search finds the message', async ({ browser }) => {
  const [room, other, bobName] = [fresh('room'), fresh('other'), fresh('bob')];
  const alice = await Person.at(browser, node1);
  const bob = await Person.at(browser, node2);
  await alice.registers(fresh('alice'));
  await bob.registers(bobName);
  await alice.createsRoom(room);
  await bob.joins(room);
  await bob.createsRoom(other);

  const box = alice.page.getByRole('textbox', { name: `Message ${room}` });
  await box.pressSequentially(`Tulips for @${bobName.slice(0, 6)}`);
  await expect(alice.page.getByRole('option', { name: bobName })).toHaveAttribute('aria-selected', 'true');
  expect(await faults(alice)).toEqual([]);
  await box.press('Enter');
  await box.pressSequentially('please');
  await box.press('Enter');
  await expect(bob.page.getByRole('link', { name: `${room} 1 mention, 1 unread` })).toBeVisible();
  await expect(bob.page).toHaveTitle(`(1) #${other} · Chillin`);

  await bob.page.keyboard.press('Control+k');
  await bob.page.getByRole('combobox', { name: 'Go to a room or a person' }).fill('tulip');
  await expect(bob.page.getByRole('option', { selected: true })).toHaveText('Search messages for “tulip”');
  await bob.page.keyboard.press('Enter');
  await expect(bob.page.getByRole('searchbox', { name: 'Search messages' })).toHaveValue('tulip');
  const hit = bob.page.getByRole('link', { name: new RegExp(`in ${room}`) });
  await expect(hit.locator('mark')).toHaveText(/^tulip$/i);
  expect(await faults(bob)).toEqual([]);
  await bob.page.keyboard.press('Enter');
  await expect(hit).toBeFocused();
  await bob.page.keyboard.press('Enter');
  await bob.isIn(room);
  await expect(bob.page.locator('[aria-current=true]')).toContainText('Tulips for');
  await expect(bob.line('Tulips for')).toHaveAttribute('data-mentions-me');
  await expect(bob.page).toHaveTitle(`#${room} · Chillin`);
});

test('a guest becomes a user, and a user closes the account', async ({ browser }) => {
  const name = fresh('fox');
  const fox = await Person.at(browser, node1);
  await fox.page.goto(node1);
  await fox.page.getByRole('button', { name: 'Continue as a guest' }).click();
  await fox.page.getByLabel('Display name').fill('Wandering Fox');
  await fox.submits('Continue as guest', fox.connected());
  await fox.isConnected();
  const settings = await fox.opensSettings('account');
  await settings.getByLabel('Username').fill(name);
  await settings.getByLabel('Password').fill('correct horse battery');
  await settings.getByRole('button', { name: 'Keep my account' }).click();
  await expect(settings.getByRole('button', { name: 'Change password' })).toBeVisible();
  await expect(fox.page.getByText(`@${name}`).first()).toBeVisible();

  await settings.getByRole('button', { name: 'Close your account…' }).click();
  const sure = fox.page.getByRole('dialog', { name: 'Close your account?' });
  await sure.getByLabel('Your password').fill('a wrong one, surely');
  await sure.getByRole('button', { name: 'Close account' }).click();
  await expect(sure.getByLabel('Your password')).toHaveAttribute('aria-invalid', 'true');
  await sure.getByLabel('Your password').fill('correct horse battery');
  await sure.getByRole('button', { name: 'Close account' }).click();
  await expect(fox.page.getByText('Your account is closed.')).toBeVisible();
  await expect(fox.page.getByRole('heading', { name: 'Welcome back' })).toBeVisible();
});
