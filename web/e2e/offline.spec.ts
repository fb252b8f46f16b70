import { expect, test } from '@playwright/test';
import { fresh, node1, node2, Person } from './people';

test('messages written offline are queued and sent in order, once', async ({ browser }) => {
  const room = fresh('room');
  const alice = await Person.at(browser, node1);
  const bob = await Person.at(browser, node2);
  await alice.registers(fresh('alice'));
  await bob.registers(fresh('bob'));
  await alice.createsRoom(room);
  await bob.joins(room);

  await alice.context.setOffline(true);
  await expect(alice.page.getByText('You are offline').first()).toBeAttached();
  await alice.says('First, from the tunnel');
  await alice.says('Second, from the tunnel');
  await expect(alice.line('First, from the tunnel')).toContainText('Queued');
  await expect(alice.line('Second, from the tunnel')).toContainText('Queued');
  await bob.says('Are you there?');

  await alice.context.setOffline(false);
  await alice.isConnected();
  await alice.sees('Are you there?');
  await expect(alice.page.getByText('Queued')).toHaveCount(0);
  await bob.sees('First, from the tunnel');
  await bob.sees('Second, from the tunnel');
  const order = await bob.line('from the tunnel').allTextContents();
  expect(order.map((text) => /First|Second/.exec(text)?.[0])).toEqual(['First', 'Second']);

  await alice.page.reload();
  await alice.sees('First, from the tunnel');
  await alice.sees('Second, from the tunnel');
});

test('unsent messages survive a reload, and signing out warns about them', async ({ browser }) => {
  const room = fresh('room');
  const alice = await Person.at(browser, node1);
  await alice.registers(fresh('alice'));
  await alice.createsRoom(room);
  // Only the WebSocket is blocked, so that the page can be reloaded.
  await alice.page.routeWebSocket('**/ws', (socket) => socket.close());
  await alice.page.reload();
  await alice.isIn(room);
  await alice.says('Written before the page went');
  await expect(alice.line('Written before the page went')).toContainText('Queued');
  await alice.page.reload();
  await expect(alice.line('Written before the page went')).toContainText('Queued');

  await alice.page.getByRole('button', { name: 'Sign out' }).click();
  await expect(alice.page.getByRole('dialog')).toContainText('One message has not been sent yet.');
  await alice.page.getByRole('button', { name: 'Stay' }).click();
});

test('two tabs of one user send every message once', async ({ browser }) => {
  const room = fresh('room');
  const alice = await Person.at(browser, node1);
  const bob = await Person.at(browser, node2);
  await alice.registers(fresh('alice'));
  await bob.registers(fresh('bob'));
  await alice.createsRoom(room);
  await bob.joins(room);
  const second = await alice.context.newPage();
  await second.goto(alice.page.url());
  await expect(second.getByRole('heading', { level: 1, name: room })).toBeVisible();

  await alice.context.setOffline(true);
  await alice.says('From the first tab');
  await expect(second.getByText('From the first tab').first()).toBeVisible();
  await alice.context.setOffline(false);
  await bob.sees('From the first tab');
  await alice.sees('From the first tab');
  await expect(alice.page.getByText('Queued')).toHaveCount(0);
  await bob.says('Heard you once');
  await alice.sees('Heard you once');
  await bob.sees('From the first tab');
});
