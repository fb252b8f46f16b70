import { randomUUID } from 'node:crypto';
import { expect, test } from '@playwright/test';
import { fresh, node1, node2, patiently, Person, stores } from './people';

// A picture of one pixel for the avatar.
const pixel = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

test('a quote opens an old message, and one click returns to the newest messages', async ({ browser, playwright }) => {
  const room = fresh('room');
  const alice = await Person.at(browser, node1);
  await alice.registers(fresh('alice'), 'Alice');
  await alice.createsRoom(room);
  await alice.says('Where it all began');
  await alice.sees('Where it all began');
  const roomId = Number(/#\/room\/(\d+)/.exec(alice.page.url())?.[1]);
  // Several users write, because the message rate of one is limited.
  for (let writer = 0; writer < 12; writer++) {
    const api = await playwright.request.newContext({ baseURL: node1 });
    const { token } = (await (await patiently(() => api.post('/api/v1/auth/guest', { data: {} }))).json()) as { token: string };
    const headers = { Authorization: `Bearer ${token}` };
    await patiently(() => api.post(`/api/v1/rooms/${roomId}/join`, { headers, data: {} }));
    for (let line = 0; line < 9; line++) {
      const data = { cid: randomUUID(), text: `line ${writer * 9 + line}.` };
      await stores(() => api.post(`/api/v1/rooms/${roomId}/messages`, { headers, data }));
    }
    await api.dispose();
  }
  await alice.sees('line 107.');
  const headers = { Origin: node1 };
  const oldest = await alice.context.request.get(`${node1}/api/v1/rooms/${roomId}/messages?around=1&limit=5`);
  const { messages } = (await oldest.json()) as { messages: { id: number; text: string }[] };
  const replyTo = messages.find(({ text }) => text === 'Where it all began')?.id;
  const data = { cid: randomUUID(), text: 'I often think of it', replyTo };
  await stores(() => alice.context.request.post(`${node1}/api/v1/rooms/${roomId}/messages`, { headers, data }));
  await alice.sees('I often think of it');

  // Another browser of hers loads only one small page.
  const again = await Person.at(browser, node2, { storageState: await alice.context.storageState() });
  await again.page.routeWebSocket('**/ws', (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((frame) => server.send(String(frame).replace('"limit":50', '"limit":14')));
  });
  await again.page.goto(`${node2}/#/room/${roomId}`);
  await again.sees('I often think of it');
  await expect(again.line('line 3.')).toHaveCount(0);
  await again.page.getByRole('link', { name: /Where it all began/ }).click();
  const found = again.page.locator('[aria-current=true]');
  await expect(found).toContainText('Where it all began');
  await expect(found).toBeFocused();
  await expect(found).toBeInViewport();
  await expect(again.line('line 3.')).toHaveCount(1);

  // Sending a message returns to the newest messages.
  await again.page.getByRole('button', { name: 'Back to the newest messages' }).click();
  await expect(again.line('I often think of it')).toBeInViewport();
  await again.page.goBack();
  await expect(found).toBeInViewport();
  await again.says('And so do I');
  await expect(again.line('And so do I')).toBeInViewport();
  await alice.sees('And so do I');

  // Scrolling down reaches the newest messages too.
  await again.page.goBack();
  await expect(found).toBeInViewport();
  const scroller = again.page.getByRole('region', { name: `Messages in ${room}` });
  await expect(async () => {
    await scroller.evaluate((box) => box.scrollTo(0, box.scrollHeight));
    await expect(again.line('And so do I')).toBeInViewport({ timeout: 500 });
  }).toPass();
  await expect(again.page.getByRole('button', { name: 'Back to the newest messages' })).toHaveCount(0);
});

test('a changed profile and picture appear to others', async ({ browser }) => {
  const room = fresh('room');
  const alice = await Person.at(browser, node1);
  const bob = await Person.at(browser, node2);
  await alice.registers(fresh('alice'));
  await bob.registers(fresh('bob'));
  await alice.createsRoom(room);
  await bob.joins(room);

  await alice.page.getByRole('link', { name: /^Your account/ }).click();
  const settings = alice.page.getByRole('region', { name: 'Settings' });
  await settings.getByLabel('Display name').fill('Alice of the Lake');
  await settings.getByLabel('Status message').fill('Out rowing');
  await settings.getByRole('button', { name: 'Save profile' }).click();
  await expect(alice.page.getByText('Your profile is saved.')).toBeVisible();
  await settings.getByLabel('Picture file').setInputFiles({ name: 'note.txt', mimeType: 'text/plain', buffer: Buffer.from('words') });
  await expect(settings.getByRole('alert')).toContainText('This file type is not supported');
  await settings.getByLabel('Picture file').setInputFiles({ name: 'me.png', mimeType: 'image/png', buffer: pixel });
  await settings.getByRole('button', { name: 'Use this picture' }).click();
  await expect(settings.getByRole('button', { name: 'Change picture' })).toBeFocused();
  await alice.page.getByRole('link', { name: room }).click();
  await alice.says('Do you like it?');

  await bob.sees('Do you like it?');
  await expect(bob.line('Do you like it?')).toContainText('Alice of the Lake');
  await expect(bob.line('Do you like it?').locator('img')).toHaveJSProperty('complete', true);
  await expect(bob.line('Do you like it?').locator('img')).not.toHaveJSProperty('naturalWidth', 0);
});
