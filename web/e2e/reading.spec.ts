import { randomUUID } from 'node:crypto';
import { expect, test } from '@playwright/test';
import { fresh, node1, node2, patiently, Person } from './people';

test('the New line is where the user stopped reading, and only what is on the screen is read', async ({ browser, playwright }) => {
  const room = fresh('room');
  const alice = await Person.at(browser, node1, { viewport: { width: 1000, height: 500 } });
  await alice.registers(fresh('alice'));
  await alice.createsRoom(room);
  const address = alice.page.url();
  const roomId = Number(/#\/room\/(\d+)/.exec(address)?.[1]);
  const api = await playwright.request.newContext({ baseURL: node2 });
  const { token } = (await (await patiently(() => api.post('/api/v1/auth/guest', { data: {} }))).json()) as { token: string };
  const headers = { Authorization: `Bearer ${token}` };
  await patiently(() => api.post(`/api/v1/rooms/${roomId}/join`, { headers, data: {} }));
  const bobSays = async (text: string) => {
    const data = { cid: randomUUID(), text };
    await expect.poll(async () => (await api.post(`/api/v1/rooms/${roomId}/messages`, { headers, data })).status(), { timeout: 30_000 }).toBeLessThan(300);
  };
  const list = alice.page.getByRole('region', { name: `Messages in ${room}` });
  const line = list.getByRole('separator', { name: 'New messages' });
  const entry = (state = '') => alice.page.getByRole('navigation', { name: 'Rooms' }).getByRole('link', { name: `${room}${state}`, exact: true });

  // What arrives while she looks at it is read, without a line.
  await bobSays('While you look');
  await alice.sees('While you look');
  await expect(entry()).toBeVisible();
  await expect(line).toHaveCount(0);
  await expect(alice.page).toHaveTitle(`#${room} · Chillin`);

  // The page is closed while nine long messages arrive. A reload opens at the first of them.
  await alice.page.goto('about:blank');
  const long = ' and more of it'.repeat(40);
  for (let nth = 1; nth <= 9; nth++) await bobSays(`missed ${nth}.${long}`);
  await alice.page.goto(address);
  await expect(alice.line('missed 9.')).toHaveCount(1);
  await expect(line).toBeInViewport();
  await expect(alice.line('missed 1.')).toBeInViewport();
  await expect(alice.line('missed 9.')).not.toBeInViewport();
  await expect(entry(' 8 unread').or(entry(' 7 unread')).or(entry(' 6 unread'))).toBeVisible();

  // Jumping over the unread messages does not read them. The banner leads back, or marks them as read.
  await list.evaluate((box) => box.scrollTo(0, box.scrollHeight));
  await expect(alice.line('missed 9.')).toBeInViewport();
  const banner = alice.page.getByRole('link', { name: /new messages: where you left off/ });
  await expect(banner).toBeVisible();
  await banner.click();
  await expect(banner).toHaveCount(0);
  await expect(alice.line('missed 9.')).not.toBeInViewport();
  await expect(line).toHaveCount(1);
  await list.evaluate((box) => box.scrollTo(0, box.scrollHeight));
  await alice.page.getByRole('button', { name: 'Mark as read' }).click();
  await expect(entry()).toBeVisible();
  await expect(banner).toHaveCount(0);

  // Copying several messages gives the author once and the texts without gaps.
  const copied = await list.evaluate((box) => {
    const texts = [...box.querySelectorAll('[data-message-text]')].slice(-2);
    document.getSelection()?.setBaseAndExtent(texts[0] ?? box, 0, texts[1] ?? box, texts[1]?.childNodes.length ?? 0);
    const event = new ClipboardEvent('copy', { clipboardData: new DataTransfer(), bubbles: true, cancelable: true });
    texts[0]?.dispatchEvent(event);
    return [event.clipboardData?.getData('text/plain') ?? '', event.clipboardData?.getData('text/html') ?? ''];
  });
  expect(copied[0]).toMatch(/^guest-\w+, \d\d:\d\d\nmissed 8\.[^\n]*\nmissed 9\.[^\n]*$/);
  expect(copied[1]).toMatch(/^<p><b>guest-\w+, \d\d:\d\d<\/b><\/p><p>missed 8\./);

  // Without focus nothing is read, and the line moves to where she stopped.
  await alice.page.evaluate(() => {
    Object.assign(document, { hasFocus: () => false });
    window.dispatchEvent(new Event('blur'));
  });
  await bobSays('While you are elsewhere');
  await expect(entry(' 1 unread')).toBeVisible();
  await expect(alice.page).toHaveTitle(`(1) #${room} · Chillin`);
  await expect(list.locator('li:has([role=separator]) + li')).toContainText('While you are elsewhere');

  // A hidden page draws no frames; the title does not wait for one.
  await alice.page.evaluate(() => {
    Object.assign(window, { requestAnimationFrame: () => 0 });
  });
  await bobSays('And once more');
  await expect(alice.page).toHaveTitle(`(2) #${room} · Chillin`);
  await expect(alice.line('And once more')).toHaveCount(1);
  await alice.page.evaluate(() => {
    Object.assign(document, { hasFocus: () => true });
    window.dispatchEvent(new Event('focus'));
  });
  await expect(alice.page).toHaveTitle(`#${room} · Chillin`);
  await expect(list.locator('li:has([role=separator]) + li')).toContainText('While you are elsewhere');
  await api.dispose();
});
