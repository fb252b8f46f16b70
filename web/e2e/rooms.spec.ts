import { AxeBuilder } from '@axe-core/playwright';
import { expect, test } from '@playwright/test';
import { fresh, node1, node2, Person } from './people';

async function faults({ page }: Person): Promise<string[]> {
  await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => undefined))));
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']).analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

test('a new user joins a private room by an invite, and is muted and then banned', async ({ browser }) => {
  const [room, bobName] = [fresh('room'), fresh('bob')];
  const alice = await Person.at(browser, node1);
  await alice.registers(fresh('alice'));
  await alice.createsRoom(room, { private: true });
  await alice.page.getByRole('button', { name: 'Invite', exact: true }).click();
  await alice.page.getByRole('button', { name: 'Create a link' }).click();
  const link = new URL(await alice.page.getByLabel('Invite link').inputValue());
  expect(await faults(alice)).toEqual([]);
  await alice.page.keyboard.press('Escape');

  // Bob is new: he creates an account first.
  const bob = await Person.at(browser, node2);
  await bob.page.goto(node2 + link.pathname);
  await expect(bob.page.getByText('You are invited to a room.')).toBeVisible();
  await bob.page.getByLabel('Username').fill(bobName);
  await bob.page.getByLabel('Password').fill('correct horse battery');
  await bob.submits('Create account', bob.page.getByRole('heading', { name: room }));
  expect(await faults(bob)).toEqual([]);
  await bob.page.getByRole('button', { name: 'Join room' }).click();
  await bob.isIn(room);
  await bob.says('Hello! HELLO!');
  await alice.sees('Hello! HELLO!');

  const actions = await alice.actionsFor(bobName);
  await actions.click();
  await alice.page.getByRole('menuitem', { name: 'Mute…' }).click();
  await alice.page.getByRole('dialog').getByRole('button', { name: 'Mute' }).click();
  await expect(bob.page.getByText(/You are muted here for/)).toBeVisible();
  await expect(bob.page.getByRole('textbox', { name: `Message ${room}` })).toHaveCount(0);
  await actions.click();
  await alice.page.getByRole('menuitem', { name: 'Unmute' }).click();
  await bob.says('Sorry.');
  await alice.sees('Sorry.');

  await actions.click();
  await alice.page.getByRole('menuitem', { name: 'Ban…' }).click();
  await alice.page.getByLabel('Reason').fill('Shouting');
  await alice.page.getByRole('dialog').getByRole('button', { name: 'Ban' }).click();
  await expect(bob.page.getByText(`You were removed from ${room}.`)).toBeVisible();
  await bob.page.goto(node2 + link.pathname);
  await expect(bob.page.getByRole('heading', { name: 'This invite is not valid' })).toBeVisible();

  await alice.page.getByRole('button', { name: 'Banned' }).click();
  await alice.page.getByRole('button', { name: `Lift the ban of ${bobName}` }).click();
  await expect(alice.page.getByText('Nobody is banned')).toBeVisible();
  await bob.page.reload();
  await bob.page.getByRole('button', { name: 'Join room' }).click();
  await bob.isIn(room);
});

test('a direct conversation appears at once for the other user', async ({ browser }) => {
  const [room, aliceName, bobName] = [fresh('room'), fresh('alice'), fresh('bob')];
  const alice = await Person.at(browser, node1);
  const bob = await Person.at(browser, node2);
  await alice.registers(aliceName);
  await bob.registers(bobName);
  await alice.createsRoom(room);
  await bob.joins(room);
  await (await alice.actionsFor(bobName)).click();
  await alice.page.getByRole('menuitem', { name: 'Message' }).click();
  await alice.isIn(bobName);
  await alice.says('Between us');
  await bob.page.getByRole('link', { name: `${aliceName} online 1 unread` }).click();
  await bob.isIn(aliceName);
  await bob.sees('Between us');
  expect(await faults(bob)).toEqual([]);
});
