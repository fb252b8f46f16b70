import { randomBytes } from 'node:crypto';
import { type APIResponse, type Browser, type BrowserContext, type BrowserContextOptions, expect, type Locator, type Page } from '@playwright/test';

export const baseUrl = process.env.BASE_URL ?? 'http://localhost:5000';
export const node1 = process.env.NODE1_URL ?? baseUrl;
export const node2 = process.env.NODE2_URL ?? baseUrl;

/** Returns an unused name: the tests share one server. */
export function fresh(prefix: string): string {
  return `${prefix}-${randomBytes(4).toString('hex')}`;
}

/** Repeats a request that the server refuses as unavailable, as it may on a busy machine. */
export async function patiently<R extends { status: number | (() => number) }>(send: () => Promise<R>): Promise<R> {
  for (let attempt = 1; ; attempt++) {
    const response = await send();
    const status = typeof response.status === 'function' ? response.status() : response.status;
    if (status !== 503 || attempt === 10) return response;
  }
}

/** Sends a message with a cid. A repetition may find that the attempt before was stored. */
export async function stores(send: () => Promise<APIResponse>): Promise<void> {
  const first = await send();
  if (first.status() !== 503) expect(first.status()).toBe(201);
  else expect((await patiently(send)).ok()).toBe(true);
}

/** On a busy machine attempts to connect fail, and the client waits up to 30 s for the next one. */
const SLOW_MS = 90_000;

/** A user with a browser on one of the nodes. */
export class Person {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly server: string;

  private constructor(context: BrowserContext, page: Page, server: string) {
    this.context = context;
    this.page = page;
    this.server = server;
  }

  static async at(browser: Browser, server: string, options: BrowserContextOptions = {}): Promise<Person> {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    // A page error or a violation of the content policy fails the test.
    page.on('pageerror', (error) => expect.soft(error.message, 'page error').toBe(''));
    page.on('console', (line) => {
      if (line.text().includes('Content Security Policy')) expect.soft(line.text(), 'content policy').toBe('');
    });
    return new Person(context, page, server);
  }

  async registers(username: string, displayName = ''): Promise<void> {
    await this.page.goto(this.server);
    await expect(this.page.getByRole('heading', { name: 'Welcome to Chillin' })).toBeVisible();
    await this.page.getByLabel('Username').fill(username);
    await this.page.getByLabel('Password').fill('correct horse battery');
    await this.page.getByLabel('Display name').fill(displayName);
    await this.submits('Create account', this.connected());
  }

  /** Presses a button until `done` is there. On a busy machine the server answers that it is unavailable, and asks to try again. */
  async submits(name: string, done: Locator): Promise<void> {
    const button = this.page.getByRole('button', { name, exact: true });
    const refusal = this.page.getByText('The server is temporarily unavailable. Please try again.');
    await button.click();
    await expect(async () => {
      await expect(done.or(refusal).first()).toBeAttached({ timeout: SLOW_MS });
      if ((await refusal.count()) > 0) await button.click({ timeout: 5_000 });
      await expect(done).toBeAttached({ timeout: 1_000 });
    }).toPass({ timeout: SLOW_MS });
  }

  connected(): Locator {
    return this.page.getByText('Connected', { exact: true });
  }

  async isConnected(): Promise<void> {
    await expect(this.connected()).toBeAttached({ timeout: SLOW_MS });
  }

  /** Opens a section of the settings, and returns the page. */
  async opensSettings(section: string): Promise<Locator> {
    await this.page.goto(`${this.server}/#/settings/${section}`);
    const settings = this.page.getByRole('region', { name: 'Settings' });
    await expect(settings).toBeVisible();
    return settings;
  }

  async createsRoom(name: string, more: { password?: string; private?: boolean; description?: string } = {}): Promise<void> {
    await this.page.getByRole('button', { name: 'New room' }).first().click();
    const dialog = this.page.getByRole('dialog');
    await dialog.getByLabel('Name').fill(name);
    if (more.description) await dialog.getByLabel('Description').fill(more.description);
    if (more.password) await dialog.getByLabel('Room password').fill(more.password);
    if (more.private) await dialog.getByLabel('Private').check();
    await this.submits('Create room', this.page.getByRole('heading', { level: 1, name }));
    await this.isIn(name);
  }

  async joins(name: string): Promise<void> {
    await this.page.goto(`${this.server}/#/find`);
    await this.page.getByRole('searchbox', { name: 'Search rooms' }).fill(name);
    await this.submits(`Join ${name}`, this.page.getByRole('heading', { level: 1, name }));
    await this.isIn(name);
  }

  async isIn(name: string): Promise<void> {
    await expect(this.page.getByRole('heading', { level: 1, name })).toBeVisible();
    await expect(this.page.getByRole('region', { name: `Messages in ${name}` })).toBeVisible();
  }

  async says(text: string): Promise<void> {
    const box = this.page.getByRole('textbox', { name: /^Message / });
    await box.fill(text);
    // On touch screens Enter starts a line.
    if (await this.page.evaluate(() => matchMedia('(pointer: coarse)').matches)) await this.page.getByRole('button', { name: 'Send', exact: true }).click();
    else await box.press('Enter');
  }

  /** The button that opens the menu of a member, who is online: the row has its place. */
  async actionsFor(username: string): Promise<Locator> {
    await expect(this.page.getByRole('list', { name: /^Online/ })).toContainText(username);
    return this.page.getByRole('button', { name: `Actions for ${username}` });
  }

  /** The rows of the conversation that contain the text. */
  line(text: string): Locator {
    return this.page.getByRole('region', { name: /^Messages in / }).locator('li[data-key]').filter({ hasText: text });
  }

  async sees(text: string): Promise<void> {
    await expect(this.line(text)).toHaveCount(1);
    await expect(this.line(text)).toBeVisible();
  }
}
