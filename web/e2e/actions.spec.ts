import { expect, test } from '@playwright/test';
import { fresh, node1, node2, Person } from './people';

test('edits, reactions, replies and deletions appear on the other node', async ({ browser }) => {
  const room = fresh('room');
  const alice = await Person.at(browser, node1);
  const bob = await Person.at(browser, node2);
  await alice.registers(fresh('alice'), 'Alice');
  await bob.registers(fresh('bob'), 'Bob');
  await alice.createsRoom(room);
  await bob.joins(room);
  await alice.says('Meet at three');
  await bob.sees('Meet at three');

  // Alice edits her message with the keyboard.
  await alice.page.getByRole('textbox', { name: `Message ${room}` }).press('ArrowUp');
  const editor = alice.page.getByRole('textbox', { name: 'Edit your message' });
  await editor.fill('Meet at four');
  await editor.press('Enter');
  await bob.sees('Meet at four');
  await expect(bob.line('Meet at four').getByText('edited')).toBeVisible();
  await expect(alice.page.getByRole('textbox', { name: `Message ${room}` })).toBeFocused();

  // Bob reacts, Alice adds the same reaction, and Bob removes his.
  await bob.line('Meet at four').hover();
  await bob.line('Meet at four').getByRole('button', { name: 'Add a reaction' }).click();
  await bob.page.getByRole('menuitem', { name: 'Party' }).click();
  const chip = (person: Person) => person.line('Meet at four').getByRole('button', { name: /^🎉/ });
  await expect(chip(alice)).toHaveAccessibleName('🎉 1, Bob');
  await chip(alice).click();
  await expect(chip(bob)).toHaveAccessibleName('🎉 2, you, Alice');
  await chip(bob).click();
  await expect(chip(alice)).toHaveAccessibleName('🎉 1, you');
  await expect(chip(alice)).toHaveAttribute('aria-pressed', 'true');
  await expect(chip(bob)).toHaveAttribute('aria-pressed', 'false');

  // Bob replies from the menu.
  const more = bob.line('Meet at four').getByRole('button', { name: 'More actions' });
  await more.focus();
  await more.press('Enter');
  await bob.page.getByRole('menuitem', { name: 'Reply' }).click();
  await bob.says('I will be late');
  await alice.sees('I will be late');
  await expect(alice.line('I will be late')).toContainText('Meet at four');

  // Alice, the owner, deletes Bob's message.
  await alice.line('I will be late').hover();
  await alice.line('I will be late').getByRole('button', { name: 'More actions' }).click();
  await alice.page.getByRole('menuitem', { name: 'Delete' }).click();
  await alice.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await bob.sees('This message was deleted.');
  await expect(bob.line('I will be late')).toHaveCount(0);
  await bob.page.reload();
  await bob.isIn(room);
  await bob.sees('This message was deleted.');
});

test('an owner promotes a member, who can then change the room, and removes them', async ({ browser }) => {
  const [room, bobName] = [fresh('room'), fresh('bob')];
  const alice = await Person.at(browser, node1);
  const bob = await Person.at(browser, node2);
  await alice.registers(fresh('alice'));
  await bob.registers(bobName);
  await alice.createsRoom(room);
  await bob.joins(room);
  await expect(bob.page.getByRole('button', { name: `Settings of ${room}` })).toHaveCount(0);

  const actions = await alice.actionsFor(bobName);
  await actions.click();
  await alice.page.getByRole('menuitem', { name: 'Make an admin' }).click();
  await bob.page.getByRole('button', { name: `Settings of ${room}` }).click();
  const dialog = bob.page.getByRole('dialog', { name: 'Room settings' });
  await dialog.getByLabel('Description').fill('Changed by an admin');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(alice.page.getByText('Changed by an admin')).toBeVisible();

  await actions.click();
  await alice.page.getByRole('menuitem', { name: 'Remove from the room…' }).click();
  await alice.page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await expect(bob.page.getByText(`You were removed from ${room}.`)).toBeVisible();
});
