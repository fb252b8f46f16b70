import { randomUUID } from 'node:crypto';
import { expect, test } from '@playwright/test';
import { baseUrl, fresh, node1, node2, patiently, Person, stores } from './people';

test('two users on two nodes exchange messages, which survive a reload', async ({ browser }) => {
  const room = fresh('room');
  const alice = await Person.at(browser, node1);
  const bob = await Person.at(browser, node2);
  await alice.registers(fresh('alice'));
  await bob.registers(fresh('bob'));

  await alice.createsRoom(room);
  await bob.joins(room);
  await alice.says('Hello from the first node');
  await bob.sees('Hello from the first node');
  await bob.says('And hello from the **second**');
  await alice.sees('And hello from the second');
  await expect(alice.line('hello from the').getByRole('strong')).toHaveText('second');

  await alice.page.reload();
  await alice.isIn(room);
  await alice.sees('Hello from the first node');
  await alice.sees('And hello from the second');
  await bob.says('Still there?');
  await alice.sees('Still there?');
});

test('room list, unread counts and members work behind the load balancer', async ({ browser }) => {
  const [room, other] = [fresh('room'), fresh('other')];
  const [aliceName, bobName] = [fresh('alice'), fresh('bob')];
  const alice = await Person.at(browser, baseUrl);
  const bob = await Person.at(browser, baseUrl);
  await alice.registers(aliceName);
  await bob.registers(bobName);
  await alice.createsRoom(room, { description: 'A room for a test' });
  await bob.joins(room);
  await expect(bob.page.getByText('A room for a test')).toBeVisible();
  const members = alice.page.getByRole('complementary', { name: 'Members' });
  await expect(members.getByText(bobName)).toBeVisible();

  await alice.createsRoom(other);

  // A folded section hides the read rooms, also after a reload.
  const fold = alice.page.getByRole('button', { name: 'Your rooms', exact: true });
  const link = alice.page.getByRole('navigation', { name: 'Rooms' }).getByRole('link', { name: room, exact: true });
  await expect(link).toBeVisible();
  await fold.click();
  await expect(link).toHaveCount(0);
  await alice.page.reload();
  await alice.isIn(other);
  await expect(fold).toHaveAttribute('aria-expanded', 'false');
  await expect(link).toHaveCount(0);
  await bob.says('While you are away');
  await expect(alice.page.getByRole('link', { name: `${room} 1 unread` })).toBeVisible();
  await alice.page.getByRole('link', { name: `${room} 1 unread` }).click();
  await alice.sees('While you are away');
  await expect(alice.page.getByRole('link', { name: room, exact: true })).toBeVisible();
});

test('a room with a password can be joined with the password', async ({ browser }) => {
  const room = fresh('club');
  const alice = await Person.at(browser, node1);
  const bob = await Person.at(browser, node2);
  await alice.registers(fresh('alice'));
  await bob.registers(fresh('bob'));
  await alice.createsRoom(room, { password: 'open sesame', private: true });
  await alice.says('Only for those who know');

  await bob.page.goto(`${node2}/#/find`);
  await bob.page.getByRole('searchbox', { name: 'Search rooms' }).fill(room);
  await expect(bob.page.getByText('No room found')).toBeVisible();
  await bob.page.getByRole('button', { name: 'Join by name' }).click();
  const dialog = bob.page.getByRole('dialog');
  await dialog.getByLabel('Room name').fill(room);
  await dialog.getByLabel('Room password').fill('open barley');
  await dialog.getByRole('button', { name: 'Join room' }).click();
  await expect(dialog.getByRole('alert')).toBeVisible();
  await dialog.getByLabel('Room password').fill('open sesame');
  await dialog.getByRole('button', { name: 'Join room' }).click();
  await bob.isIn(room);
  await bob.sees('Only for those who know');

  await bob.page.getByRole('button', { name: `Leave ${room}` }).click();
  await bob.page.getByRole('button', { name: 'Leave room' }).click();
  await expect(bob.page.getByRole('link', { name: room })).toHaveCount(0);
});

test('scrolling up loads history and keeps the scroll position', async ({ browser, playwright }) => {
  const room = fresh('long');
  const alice = await Person.at(browser, node1);
  await alice.registers(fresh('alice'));
  await alice.createsRoom(room);
  const roomId = Number(/#\/room\/(\d+)/.exec(alice.page.url())?.[1]);
  // Three users write, because the message rate of one is limited.
  for (const from of [1, 11, 21]) {
    const api = await playwright.request.newContext({ baseURL: node1 });
    const account = { username: fresh('bob'), password: 'correct horse battery' };
    const { token } = (await (await patiently(() => api.post('/api/v1/auth/register', { data: account }))).json()) as { token: string };
    const headers = { Authorization: `Bearer ${token}` };
    await patiently(() => api.post(`/api/v1/rooms/${roomId}/join`, { headers, data: {} }));
    for (let line = from; line < from + 10; line++) {
      const data = { cid: randomUUID(), text: `line ${line}.` };
      await stores(() => api.post(`/api/v1/rooms/${roomId}/messages`, { headers, data }));
    }
    await api.dispose();
  }
  await alice.sees('line 30.');

  // Another browser of hers has no cache. It gets small pages, and the older ones
  // when the test releases them.
  const again = await Person.at(browser, node2, { storageState: await alice.context.storageState(), viewport: { width: 1000, height: 420 } });
  let letGo = () => {};
  const held = new Promise<void>((resolve) => (letGo = resolve));
  await again.page.routeWebSocket('**/ws', (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((frame) => server.send(String(frame).replace('"limit":50', '"limit":14')));
  });
  await again.page.route('**/messages?before=*', async (route) => {
    await held;
    await route.continue({ url: route.request().url().replace('limit=50', 'limit=14') });
  });
  await again.page.goto(`${node2}/#/room/${roomId}`);
  await again.sees('line 30.');
  await expect(again.line('line 16.')).toHaveCount(0);
  const scroller = again.page.getByRole('region', { name: `Messages in ${room}` });
  await scroller.evaluate((box) => box.scrollTo(0, 0));
  const before = await again.line('line 20.').boundingBox();
  letGo();
  await expect(again.line('line 10.')).toHaveCount(1);
  const after = await again.line('line 20.').boundingBox();
  expect(Math.abs((after?.y ?? 0) - (before?.y ?? 1_000))).toBeLessThan(3);

  await expect(async () => {
    await scroller.evaluate((box) => box.scrollTo(0, 0));
    await expect(again.line('line 1.')).toBeInViewport({ timeout: 500 });
  }).toPass();
  await expect(again.page.getByText('This is where it begins.')).toBeVisible();
  await again.page.getByRole('button', { name: 'Newest' }).click();
  await expect(again.line('line 30.')).toBeInViewport();
});

test('a guest can read public rooms', async ({ browser }) => {
  const guest = await Person.at(browser, baseUrl);
  await guest.page.goto(baseUrl);
  await guest.page.getByRole('button', { name: 'Continue as a guest' }).click();
  await guest.page.getByLabel('Display name').fill('Wandering Fox');
  await guest.submits('Continue as guest', guest.connected());
  await expect(guest.page.getByText('Wandering Fox')).toBeVisible();
  await expect(guest.page.getByText('Guest, for 24 hours')).toBeVisible();
  await guest.isConnected();
});

test('shows a wrong password, and signing out closes the rooms', async ({ browser }) => {
  const name = fresh('carol');
  const carol = await Person.at(browser, baseUrl);
  await carol.registers(name);
  await carol.page.getByRole('button', { name: 'Sign out' }).click();
  await carol.page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click();
  await expect(carol.page.getByRole('heading', { name: 'Welcome back' })).toBeVisible();

  await carol.page.getByLabel('Username or email').fill(name);
  await carol.page.getByLabel('Password').fill('not the password');
  await carol.page.getByRole('button', { name: 'Sign in' }).click();
  await expect(carol.page.getByRole('alert')).toContainText(/password/i);
  await carol.page.getByLabel('Password').fill('correct horse battery');
  await carol.page.getByRole('button', { name: 'Sign in' }).click();
  await carol.isConnected();
});

test('an ended session shows the sign-in screen', async ({ browser }) => {
  const dave = await Person.at(browser, node1);
  await dave.registers(fresh('dave'));
  const answer = await dave.context.request.post(`${node1}/api/v1/auth/logout`, { headers: { Origin: node1 } });
  expect(answer.status()).toBe(204);
  await expect(dave.page.getByText('Your session has ended. Please sign in again.')).toBeVisible();
});
