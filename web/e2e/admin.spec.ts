import { execFileSync } from 'node:child_process';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, expect, test } from '@playwright/test';
import { fresh, node1, node2, Person } from './people';

/** Runs the chillin command, as the operator does on the server. */
function promote(username: string): void {
  execFileSync(process.env.CHILLIN ?? '../bin/chillin', ['admin', 'promote', username]);
}

async function faults({ page }: Person): Promise<string[]> {
  await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => undefined))));
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']).analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

/** An admin on one node and another user on the other. */
async function adaAndBob(browser: Browser) {
  const [adaName, bobName] = [fresh('ada'), fresh('bob')];
  const ada = await Person.at(browser, node1);
  const bob = await Person.at(browser, node2);
  await ada.registers(adaName, 'Ada');
  await bob.registers(bobName, 'Bob');
  promote(adaName);
  await ada.page.reload();
  await ada.isConnected();
  const row = (text: string) => ada.page.getByRole('main').getByRole('listitem').filter({ hasText: text });
  return { ada, bob, bobName, page: ada.page, row };
}

test('an admin finds a user, closes a connection, resets the password and locks the user out', async ({ browser }) => {
  const { ada, bob, bobName, page, row } = await adaAndBob(browser);
  const find = async () => {
    await page.getByRole('searchbox', { name: 'Search users' }).fill(bobName);
    await expect(page.getByRole('main').getByRole('listitem')).toHaveCount(1);
  };
  await page.getByRole('link', { name: 'Administration' }).click();
  // The page has the styles of lazy chunks too.
  await expect(page.getByRole('navigation', { name: 'Administration' })).toHaveCSS('display', 'flex');
  await find();
  expect(await faults(ada)).toEqual([]);

  // Bob's connection on the other node is closed, and he reconnects.
  const actions = page.getByRole('button', { name: 'Actions for Bob', exact: true });
  await actions.click();
  await page.getByRole('menuitem', { name: 'Connections' }).click();
  await expect(row(bobName)).toContainText('rooms');
  expect(await faults(ada)).toEqual([]);
  const again = bob.page.waitForEvent('websocket');
  await page.getByRole('button', { name: /^Close the connection of Bob/ }).click();
  await again;
  await expect(row(bobName)).toHaveCount(1);
  await bob.isConnected();

  // A new password ends Bob's sessions. Then his account is disabled.
  await page.getByRole('link', { name: 'Users' }).click();
  await find();
  await actions.click();
  await page.getByRole('menuitem', { name: 'New password…' }).click();
  await page.getByRole('button', { name: 'Create a new password' }).click();
  const password = await page.getByRole('textbox', { name: 'New password' }).inputValue();
  expect(await faults(ada)).toEqual([]);
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(bob.page.getByText('Your session has ended.')).toBeVisible();
  const signIn = async () => {
    await bob.page.getByLabel('Username or email').fill(bobName);
    await bob.page.getByLabel('Password').fill(password);
    await bob.page.getByRole('button', { name: 'Sign in' }).click();
  };
  await signIn();
  await bob.isConnected();
  await actions.click();
  await page.getByRole('menuitem', { name: 'Disable account…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Disable account' }).click();
  await expect(row(bobName)).toContainText('Disabled');
  await expect(bob.page.getByText('Your session has ended.')).toBeVisible();
  await signIn();
  await expect(bob.page.getByRole('alert')).toBeVisible();
  await actions.click();
  await page.getByRole('menuitem', { name: 'Enable account' }).click();
  await expect(row(bobName)).not.toContainText('Disabled');
  await signIn();
  await bob.isConnected();
});

test('an admin deletes a room and changes limits, and the audit log records it', async ({ browser }) => {
  const { ada, bob, page, row } = await adaAndBob(browser);
  const room = fresh('room');
  await bob.createsRoom(room, { private: true });

  // An admin cannot open a private room, but can delete it.
  await page.goto(`${node1}/#/admin/rooms`);
  await page.getByRole('searchbox', { name: 'Search rooms' }).fill(room);
  await expect(row(room)).toContainText('Private');
  await expect(page.getByRole('link', { name: `Open ${room}` })).toHaveCount(0);
  expect(await faults(ada)).toEqual([]);
  await page.getByRole('button', { name: `Delete ${room}` }).click();
  await page.getByLabel(`Type ${room} to confirm`).fill(room);
  await page.getByRole('button', { name: 'Delete room', exact: true }).click();
  await expect(bob.page.getByText(`${room} was deleted.`)).toBeVisible();
  await expect(page.getByText('No room found')).toBeVisible();

  // An invalid limit is rejected at its field. A valid one is saved, and then reset.
  await page.getByRole('link', { name: 'Limits' }).click();
  const length = page.getByRole('textbox', { name: 'Message length, in characters' });
  const standard = await length.inputValue();
  const save = page.getByRole('button', { name: 'Save limits' });
  await length.fill('99999999');
  await save.click();
  await expect(page.getByText(/must be between 1 and 20000/)).toBeVisible();
  expect(await faults(ada)).toEqual([]);
  const higher = String(Number(standard) + 1);
  await length.fill(higher);
  await save.click();
  await expect(page.getByText('Saved.', { exact: true })).toBeVisible();
  await page.reload();
  await expect(length).toHaveValue(higher);
  await page.getByRole('button', { name: /^Message length, in characters: take/ }).click();
  await save.click();
  await expect(page.getByText('Saved.', { exact: true })).toBeVisible();
  await expect(length).toHaveValue(standard);

  await page.getByRole('link', { name: 'Audit log' }).click();
  await expect(row('Ada changed the limits').filter({ hasText: `maxMessageLength = ${higher}` }).first()).toBeVisible();
  await expect(row('deleted a room').filter({ hasText: room })).toHaveCount(1);
  expect(await faults(ada)).toEqual([]);

  // Other users see the room directory.
  await bob.page.goto(`${node2}/#/admin/users`);
  await expect(bob.page.getByRole('heading', { name: 'Find rooms' })).toBeVisible();
  await expect(bob.page.getByRole('link', { name: 'Administration' })).toHaveCount(0);
});

test('an incoming webhook posts into a room, and an outgoing webhook reports its failures', async ({ browser, request }) => {
  const room = fresh('room');
  const alice = await Person.at(browser, node1);
  const bob = await Person.at(browser, node2);
  await alice.registers(fresh('alice'));
  await bob.registers(fresh('bob'));
  await alice.createsRoom(room);
  await bob.joins(room);
  const { page } = alice;
  await page.getByRole('button', { name: `Settings of ${room}` }).click();
  await page.getByRole('button', { name: 'Webhooks…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Webhooks' });
  await dialog.getByLabel('Name').fill('Build server');
  await dialog.getByRole('button', { name: 'Create URL' }).click();
  const address = await dialog.getByRole('textbox', { name: 'URL of Build server' }).inputValue();
  expect(await faults(alice)).toEqual([]);
  const post = () => request.post(address, { data: { text: 'Build 7 is **green**' } });
  expect((await post()).status()).toBe(201);
  await bob.sees('Build 7 is green');
  await expect(bob.line('Build 7 is green')).toContainText('Build server');

  await dialog.getByLabel('URL', { exact: true }).fill('http://127.0.0.1:1/');
  await dialog.getByRole('button', { name: 'Add URL' }).click();
  await expect(dialog.getByText('Webhooks cannot send to this address.')).toBeVisible();
  const url = `https://${fresh('hooks')}.invalid/chat`;
  await dialog.getByLabel('URL', { exact: true }).fill(url);
  await dialog.getByRole('button', { name: 'Add URL' }).click();
  await expect(dialog.getByLabel(/^Secret of/)).not.toHaveValue('');
  await bob.says('Is this event sent?');
  await expect(dialog.getByRole('listitem').filter({ hasText: url })).toContainText('Failing');
  expect(await faults(alice)).toEqual([]);
  await dialog.getByRole('button', { name: `Delete ${url}` }).click();
  await page.getByRole('dialog', { name: 'Delete this webhook?' }).getByRole('button', { name: 'Delete' }).click();
  await expect(dialog.getByText(url)).toHaveCount(0);

  // Escape closes only the confirmation.
  const revoke = dialog.getByRole('button', { name: 'Revoke the URL of Build server' });
  await revoke.click();
  await page.keyboard.press('Escape');
  await expect(revoke).toBeFocused();
  await revoke.click();
  await page.getByRole('dialog', { name: 'Revoke the URL of Build server?' }).getByRole('button', { name: 'Revoke' }).click();
  await expect(revoke).toHaveCount(0);
  expect((await post()).status()).toBe(404);
});

test('a bot token is shown once and works until it is replaced', async ({ browser, request }) => {
  const room = fresh('room');
  const alice = await Person.at(browser, node1);
  await alice.registers(fresh('alice'));
  await alice.createsRoom(room);
  const roomId = Number(/#\/room\/(\d+)/.exec(alice.page.url())?.[1]);
  const { page } = alice;
  const settings = await alice.opensSettings('bots');
  const robo = fresh('robo');
  await settings.getByLabel('Username').fill(robo);
  await settings.getByLabel('Display name').fill('Robo');
  await settings.getByRole('button', { name: 'Create bot' }).click();
  const tokenField = settings.getByLabel(`Token of @${robo}`);
  const token = await tokenField.inputValue();
  expect(await faults(alice)).toEqual([]);
  const joins = (bearer: string) => request.post(`${node2}/api/v1/rooms/${roomId}/join`, { headers: { Authorization: `Bearer ${bearer}` }, data: {} });
  expect((await joins(token)).status()).toBe(200);
  await settings.getByRole('button', { name: 'New token for Robo' }).click();
  await page.getByRole('button', { name: 'Create a new token' }).click();
  await expect(tokenField).not.toHaveValue(token);
  expect((await joins(token)).status()).toBe(401);
  expect((await joins(await tokenField.inputValue())).status()).toBe(200);
  await page.getByRole('link', { name: room }).click();
  await expect(page.getByRole('complementary', { name: 'Members' }).getByText('Robo')).toBeVisible();

  // When the settings are opened again, the bot is listed without its token.
  await alice.opensSettings('bots');
  await expect(settings.getByText(`@${robo}`)).toBeVisible();
  await expect(tokenField).toHaveCount(0);
  await settings.getByRole('button', { name: 'Delete Robo' }).click();
  await page.getByRole('dialog', { name: 'Delete Robo?' }).getByRole('button', { name: 'Delete' }).click();
  await expect(settings.getByRole('heading', { name: 'Your first bot' })).toBeVisible();
});
