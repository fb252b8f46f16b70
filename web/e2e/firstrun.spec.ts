import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import { Person } from './people';

let server: ChildProcess;
let url = '';
let folder = '';

/** Returns a port that no program uses now. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

// The first account of a server becomes its admin: this test has a server of its own.
test.beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'chillin-first-run-'));
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  server = spawn(process.env.CHILLIN ?? '../bin/chillin', [], { env: { PATH: process.env.PATH, HOST: '127.0.0.1', PORT: String(port), DATA_DIR: folder }, stdio: 'ignore' });
  await expect.poll(() => fetch(`${url}/health/ready`).then(({ status }) => status, () => 0)).toBe(200);
});

test.afterAll(async () => {
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.kill();
  await ended;
  rmSync(folder, { recursive: true });
});

async function faults(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']).analyze();
  return violations.map(({ id }) => id);
}

test('the first user gets a room and an invite; form errors are shown at their fields', async ({ browser, request }) => {
  const ada = await Person.at(browser, url);
  const { page } = ada;
  await page.goto(url);
  const [username, password] = [page.getByLabel('Username'), page.getByLabel('Password')];
  const create = page.getByRole('button', { name: 'Create account' });
  await password.fill('short');
  await create.click();
  await expect(username).toBeFocused();
  await expect(username).toHaveAccessibleDescription('Enter the username.');
  await expect(password).toHaveAccessibleDescription('Use at least 8 characters.');
  await username.fill('a');
  await expect(username).not.toHaveAttribute('aria-invalid');
  await expect(password).toHaveAttribute('aria-invalid', 'true');
  await password.fill('correct horse battery');
  const toggle = page.getByRole('button', { name: 'Show password' });
  await toggle.click();
  await expect(toggle).toHaveAttribute('aria-pressed', 'true');
  await expect(password).toHaveAttribute('type', 'text');
  await create.click();
  await expect(username).toHaveAccessibleDescription(/^This username is not allowed/);
  await expect(password).toHaveAttribute('type', 'password');
  await expect(password).toHaveValue('correct horse battery');

  // The response to the room is lost once.
  let lost = false;
  await page.route('**/api/v1/rooms', async (route) => {
    if (route.request().method() !== 'POST' || lost) return route.continue();
    lost = true;
    await route.fetch();
    return route.abort();
  });
  await username.fill('ada');
  await create.click();
  await ada.isIn('general');
  const hint = page.getByRole('region', { name: 'You are the administrator of this server' });
  const invite = await hint.getByLabel('Invite link').inputValue();
  expect(lost).toBe(true);
  expect(await faults(page)).toEqual([]);
  const headers = { Origin: url };
  const { rooms } = (await (await page.context().request.get(`${url}/api/v1/rooms`, { headers })).json()) as { rooms: { name: string }[] };
  expect(rooms.map(({ name }) => name)).toEqual(['general']);

  // The invite works, and a reload keeps the hint until it is dismissed.
  const bob = await Person.at(browser, url);
  await bob.page.goto(invite);
  await bob.page.getByLabel('Username').fill('bob');
  await bob.page.getByLabel('Password').fill('correct horse battery');
  await bob.submits('Create account', bob.page.getByRole('button', { name: 'Join room' }));
  await bob.submits('Join room', bob.page.getByRole('heading', { level: 1, name: 'general' }));
  await bob.isIn('general');
  await expect(bob.page.getByRole('region', { name: 'You are the administrator of this server' })).toHaveCount(0);
  await page.reload();
  await expect(hint.getByLabel('Invite link')).toHaveValue(invite);
  await hint.getByRole('button', { name: 'Dismiss this hint' }).click();
  await expect(hint).toHaveCount(0);
  await page.reload();
  await ada.isIn('general');
  await expect(hint).toHaveCount(0);

  // The link can be shown again. An account that registers by the API gets no room.
  await page.getByRole('button', { name: 'Invite', exact: true }).click();
  await page.getByRole('button', { name: /^Show the link/ }).click();
  await expect(page.getByRole('dialog').getByLabel('Link', { exact: true })).toHaveValue(invite);
  await request.post(`${url}/api/v1/auth/register`, { data: { username: 'eve', password: 'correct horse battery' } });
  const all = (await (await page.context().request.get(`${url}/api/v1/rooms`, { headers })).json()) as { rooms: unknown[] };
  expect(all.rooms).toHaveLength(1);

  // The admin closes the server, and the sign-in page shows what is left.
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await page.getByRole('link', { name: 'Administration' }).click();
  await page.getByRole('link', { name: 'Server', exact: true }).click();
  const signUp = page.getByRole('combobox', { name: 'Who can create an account' });
  const save = page.getByRole('button', { name: 'Save settings' });
  const saved = page.getByText('Saved.', { exact: true });
  await signUp.selectOption('Closed');
  await page.getByRole('combobox', { name: 'Guests' }).selectOption('Off');
  await page.getByRole('textbox', { name: 'Name of the server' }).fill('Our chat');
  await save.click();
  await expect(saved).toBeVisible();
  await page.getByText('Settings of the operator').click();
  await expect(page.getByText('DATA_DIR', { exact: true })).toBeVisible();
  expect(await faults(page)).toEqual([]);
  await page.setViewportSize({ width: 320, height: 640 });
  await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
  await page.setViewportSize({ width: 1280, height: 800 });
  const eve = await Person.at(browser, url);
  await eve.page.goto(url);
  await expect(eve.page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await expect(eve.page.getByRole('button', { name: 'Create an account' })).toHaveCount(0);
  await expect(eve.page.getByRole('button', { name: 'Continue as a guest' })).toHaveCount(0);
  expect(await faults(eve.page)).toEqual([]);
  await signUp.selectOption('Default: Open');
  await expect(saved).toHaveCount(0);
  await save.click();
  await expect(saved).toBeVisible();
  await eve.page.reload();
  await expect(eve.page.getByRole('heading', { name: 'Welcome to Our chat' })).toBeVisible();
  await expect(eve.page.getByRole('button', { name: 'Continue as a guest' })).toHaveCount(0);
});
