import { expect, type Locator, type Page, test } from '@playwright/test';
import { fresh, node1, node2, patiently, Person } from './people';

/** Without the browser's cookies: each call is made by the owner of the token. */
async function call<T>(method: string, path: string, token: string, data: object = {}): Promise<T> {
  const headers = { 'Content-Type': 'application/json', ...(token === '' ? {} : { Authorization: `Bearer ${token}` }) };
  const answer = await patiently(() => fetch(`${node2}/api/v1${path}`, { method, headers, body: JSON.stringify(data) }));
  expect(answer.ok, `${method} ${path}: ${answer.status}`).toBe(true);
  return (await answer.json()) as T;
}

interface Session {
  token: string;
  user: { id: number; username: string };
}

const registers = (username: string, displayName: string) => call<Session>('POST', '/auth/register', '', { username, displayName, password: 'correct horse battery' });
const says = (roomId: number, { token }: Session, text: string) => call('POST', `/rooms/${roomId}/messages`, token, { cid: crypto.randomUUID(), text });
const joins = (roomId: number, { token }: Session) => call('POST', `/rooms/${roomId}/join`, token);

async function guestsJoin(roomId: number, count: number): Promise<void> {
  let started = 0;
  const join = async () => {
    while (started++ < count) await joins(roomId, await call<Session>('POST', '/auth/guest', '', { displayName: `Guest ${started}` }));
  };
  await Promise.all(Array.from({ length: 6 }, join));
}

const roomIdOf = (page: Page) => Number(/#\/room\/(\d+)/.exec(page.url())?.[1]);
const composer = (page: Page) => page.getByRole('textbox', { name: /^Message / });

test('a large room: folded joins, the topic, and members beyond the first page', async ({ browser }) => {
  const alice = await Person.at(browser, node1);
  const { page } = alice;
  await alice.registers(fresh('alice'));
  await alice.createsRoom(fresh('room'), { description: 'All about the garden: the plan is at https://example.org/plan, and much more follows here.' });
  const roomId = roomIdOf(page);
  const last = await registers(fresh('zz'), 'Zz Quimby');
  const other = await registers(fresh('zy'), 'Zz Warble');
  await alice.says('Before they came');
  await alice.sees('Before they came');
  await guestsJoin(roomId, 120);
  await joins(roomId, last);
  await joins(roomId, other);
  await alice.says('After they came');
  await alice.says('And this too');
  await alice.sees('And this too');

  await test.step('the joins are one line that opens and closes in its place', async () => {
    const line = page.getByRole('button', { name: /and 120 others joined/ });
    const joined = page.getByText(/^Guest \d+ joined the room\.$/);
    await expect(joined).toHaveCount(0);
    await line.press('Enter');
    await expect(joined.first()).toBeInViewport();
    await expect(line).toBeInViewport();
    await expect(line).toBeFocused();
    await line.press('Enter');
    await expect(joined).toHaveCount(0);
    await expect(alice.line('And this too')).toBeInViewport();
  });

  await test.step('the menu of a grouped message shows its time', async () => {
    await alice.line('And this too').getByRole('button', { name: 'More actions' }).press('Enter');
    await expect(page.getByRole('menu')).toContainText(String(new Date().getFullYear()));
    await page.keyboard.press('Escape');
    await expect(page.getByRole('menu')).toHaveCount(0);
  });

  await test.step('the topic opens in full', async () => {
    await page.getByRole('button', { name: /^All about the garden/ }).press('Enter');
    const dialog = page.getByRole('dialog');
    await expect(dialog).toContainText('and much more follows here.');
    await expect(dialog.getByRole('link')).toHaveAttribute('href', 'https://example.org/plan');
    await page.keyboard.press('Escape');
    await expect(dialog).toHaveCount(0);
  });

  await test.step('the server finds members that are not listed yet', async () => {
    const panel = page.getByRole('complementary', { name: 'Members' });
    await expect(panel.getByRole('list', { name: 'Offline 122' })).toBeVisible();
    await expect(panel.getByText('Zz Quimby')).toHaveCount(0);
    await panel.getByRole('searchbox').fill('quim');
    await expect(panel.getByText('Zz Quimby')).toBeVisible();
    await panel.getByRole('searchbox').fill('');
    await expect(panel.getByText('Zz Quimby')).toHaveCount(0);
    await composer(page).fill('');
    await composer(page).pressSequentially('for @zz-');
    await expect(page.getByRole('option', { name: /Zz Quimby/ })).toBeVisible();
    await composer(page).press('Enter');
    await expect(composer(page)).toHaveValue(`for @${last.user.username} `);
    await composer(page).fill('');
  });

  await test.step('a name is completed although it is sent before the members are known', async () => {
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    await page.route(/\/members\?.*q=warb/, async (route) => {
      await released;
      await route.continue();
    });
    const asked = page.waitForRequest(/\/members\?.*q=warb/);
    await composer(page).fill('thanks @warb');
    await composer(page).press('Enter');
    await asked;
    await expect(composer(page)).toHaveValue('thanks @warb');
    release();
    await alice.sees(`thanks @${other.user.username}`);
  });

  await test.step('wide windows and large letters', async () => {
    await page.setViewportSize({ width: 2560, height: 1300 });
    const [text, box] = [await alice.line('And this too').boundingBox(), await composer(page).boundingBox()];
    expect(text?.width).toBeGreaterThan(1500);
    expect(box?.width).toBeLessThan(800);
    await page.setViewportSize({ width: 390, height: 844 });
    await page.evaluate(() => document.documentElement.style.setProperty('font-size', '200%'));
    await expect.poll(async () => (await page.getByRole('heading', { level: 1 }).boundingBox())?.width).toBeGreaterThan(250);
    await expect.poll(async () => (await composer(page).boundingBox())?.width).toBeGreaterThan(250);
    expect(await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)).toBe(false);
  });
});

test('forced colours show what has a meaning', async ({ browser }) => {
  const alice = await Person.at(browser, node1, { forcedColors: 'active' });
  const { page } = alice;
  const name = fresh('alice');
  await alice.registers(name);
  const room = fresh('room');
  await alice.createsRoom(room);
  const roomId = roomIdOf(page);
  const bob = await registers(fresh('bob'), 'Bob');
  await joins(roomId, bob);
  await alice.createsRoom(fresh('other'));
  await says(roomId, bob, `@${name} look here`);

  const background = (element: Locator, pseudo?: string) => element.evaluate((node, part) => getComputedStyle(node, part).backgroundColor, pseudo);
  const edge = (element: Locator) => element.evaluate((node) => Number.parseFloat(getComputedStyle(node).borderInlineStartWidth));
  const canvas = await background(page.locator('html'));

  const link = page.getByRole('link', { name: new RegExp(`^${room}`) });
  await expect(link).toContainText('@1');
  expect(await background(page.locator('nav a[aria-current=page], a[aria-current=page]').first()), 'the open room').not.toBe(await background(link));
  expect(await edge(link.getByText('@1')), 'an unread badge').toBeGreaterThan(0);

  await link.click();
  const message = alice.line('look here');
  await expect(message).toBeVisible();
  expect(await edge(message), 'the band of a mention').toBeGreaterThanOrEqual(3);
  const newLine = page.getByRole('listitem').filter({ has: page.getByRole('separator', { name: 'New messages' }) });
  await expect(newLine).toBeVisible();
  expect(await background(newLine, '::before'), 'the line above new messages').not.toBe(canvas);

  await message.hover();
  await message.getByRole('button', { name: 'Add a reaction' }).click();
  await page.getByRole('menuitem', { name: 'Heart' }).click();
  const reaction = message.getByRole('button', { name: /^❤️/ });
  await expect(reaction).toHaveAttribute('aria-pressed', 'true');
  const pressed = await background(reaction);
  await reaction.click();
  await expect(reaction).toHaveCount(0);
  expect(pressed, 'a chosen reaction').not.toBe(canvas);

  const panel = page.getByRole('complementary', { name: 'Members' });
  const dot = (list: RegExp) => panel.getByRole('list', { name: list }).getByRole('listitem').first().locator('[aria-hidden=true] > span').last();
  const text = await page.locator('body').evaluate((node) => getComputedStyle(node).color);
  expect([await background(dot(/^Online/)), await background(dot(/^Offline/))], 'presence: a filled and a hollow dot').toEqual([text, canvas]);
  for (const button of ['Invite', 'Banned']) expect(await edge(panel.getByRole('button', { name: button })), button).toBeGreaterThan(0);
  expect(await edge(page.getByRole('button', { name: /^Members, / })), 'the open panel').toBeGreaterThan(0);

  await page.keyboard.press('Control+k');
  await expect(page.getByRole('option').nth(1)).toBeVisible();
  expect(await background(page.getByRole('option', { selected: true })), 'a chosen option').not.toBe(await background(page.getByRole('option', { selected: false }).first()));
  await page.keyboard.press('Escape');
  await expect(page.getByRole('option')).toHaveCount(0);
  await page.getByRole('button', { name: 'New room' }).first().click();
  expect(await edge(page.getByRole('dialog')), 'a dialog').toBeGreaterThan(0);
});

test('input methods, code, pending messages and filters of the search', async ({ browser }) => {
  const alice = await Person.at(browser, node1);
  const { page } = alice;
  await alice.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  // Holds what the user sends until it is released.
  let held: (() => void)[] | undefined;
  await page.routeWebSocket('**/ws', (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((frame) => {
      const pass = () => server.send(frame);
      if (held !== undefined && String(frame).includes('message:send')) held.push(pass);
      else pass();
    });
  });
  await alice.registers(fresh('alice'), 'Alice');
  const other = fresh('other');
  await alice.createsRoom(other);
  await alice.createsRoom(fresh('room'));
  const roomId = roomIdOf(page);
  const bob = await registers(fresh('bob'), 'Bobby Tables');
  await joins(roomId, bob);
  const word = fresh('word');
  await says(roomId, bob, `${word} by somebody else`);
  const composes = (field: Locator) => field.evaluate((area) => area.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', keyCode: 229, bubbles: true, cancelable: true } as KeyboardEventInit)));

  await test.step('the Enter key of an input method does not save an edit', async () => {
    await alice.says(`${word} draft`);
    await alice.sees(`${word} draft`);
    await composer(page).press('ArrowUp');
    const editor = page.getByRole('textbox', { name: 'Edit your message' });
    await editor.fill(`${word} typed so f`);
    await composes(editor);
    await page.keyboard.type('ar');
    await page.keyboard.press('Enter');
    await alice.sees(`${word} typed so far`);
  });

  await test.step('nor does it choose in the switcher', async () => {
    await page.keyboard.press('Control+k');
    const field = page.getByRole('combobox');
    await field.fill(other.slice(0, -2));
    await composes(field);
    await page.keyboard.type(other.slice(-2));
    await expect(field).toHaveValue(other);
    await page.keyboard.press('Escape');
    await expect(field).toHaveCount(0);
  });

  await test.step('a code block can be copied', async () => {
    await alice.says('```\nlet a = 1;\n```');
    await alice.sees('let a = 1;');
    await alice.line('let a = 1;').getByText('let a = 1;').hover();
    await alice.line('let a = 1;').getByRole('button', { name: 'Copy code' }).click();
    await expect(alice.line('let a = 1;').getByRole('button', { name: 'Copied' })).toBeVisible();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('let a = 1;');
  });

  await test.step('a pending message has the height of the stored one', async () => {
    held = [];
    await alice.says('**Plan**\n\n- item one\n- item `two`\n\n> quoted\n\n1. first\n2. second\n\n```\ncode\nmore\n```\nend');
    const row = alice.line('item one');
    const tools = row.getByRole('toolbar', { includeHidden: true });
    await expect(row.getByRole('listitem').filter({ hasText: 'item one' })).toBeVisible();
    await expect(tools).toHaveCount(0);
    const pending = await row.boundingBox();
    await expect.poll(() => held?.length).toBe(1);
    for (const pass of held) pass();
    held = undefined;
    await expect(tools).toHaveCount(1);
    expect(Math.abs(((await row.boundingBox())?.height ?? 0) - (pending?.height ?? 0))).toBeLessThan(1);
  });

  await test.step('filters of the search', async () => {
    await page.goto(`${node1}/#/search`);
    const field = page.getByRole('searchbox', { name: 'Search messages' });
    await field.fill(word.slice(0, -1));
    await field.pressSequentially(word.slice(-1));
    const [his, hers] = [page.getByRole('link', { name: /by somebody else/ }), page.getByRole('link', { name: /typed so far/ })];
    await expect(hers).toBeVisible();
    await composes(field);
    await expect(field).toBeFocused();
    await page.getByRole('button', { name: 'Filters' }).click();
    await page.getByLabel('From').fill(bob.user.username);
    await page.getByRole('button', { name: `Bobby Tables @${bob.user.username}` }).click();
    await expect(hers).toHaveCount(0);
    await expect(his).toBeVisible();
    const tomorrow = new Date(Date.now() + 86_400_000);
    await page.getByLabel('Since').fill(tomorrow.toISOString().slice(0, 10));
    await expect(his).toHaveCount(0);
    await page.getByRole('button', { name: /^Since .*remove filter/ }).click();
    await expect(his).toBeVisible();
    await page.getByRole('button', { name: /^From Bobby Tables, remove filter/ }).click();
    await expect(hers).toBeVisible();
  });
});

test('after ten attempts the page tries slowly, and at once when the user is back', async ({ browser }) => {
  const alice = await Person.at(browser, node1);
  const { page } = alice;
  await page.clock.install();
  let attempts = 0;
  let refused = false;
  let disconnect = () => {};
  await page.routeWebSocket('**/ws', (socket) => {
    attempts++;
    if (refused) {
      void socket.close();
      return;
    }
    const server = socket.connectToServer();
    disconnect = () => void Promise.all([socket.close(), server.close()]);
  });
  await alice.registers(fresh('alice'));
  refused = true;
  attempts = 0;
  disconnect();
  for (let attempt = 1; attempt <= 10; attempt++) {
    await expect.poll(async () => {
      if (attempts < attempt) await page.clock.runFor(5_000);
      return attempts;
    }).toBeGreaterThanOrEqual(attempt);
  }
  const status = page.getByRole('status').filter({ hasText: 'No connection' });
  await expect(status.first()).toBeAttached();
  await expect(page.getByRole('button', { name: 'Try again' }).first()).toBeVisible();
  const tried = attempts;
  await page.clock.runFor(61_000);
  await expect.poll(() => attempts).toBeGreaterThan(tried);
  await expect(status.first()).toBeAttached();

  refused = false;
  await page.evaluate(() => window.dispatchEvent(new Event('focus')));
  await alice.isConnected();
});
