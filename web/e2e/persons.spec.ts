import { AxeBuilder } from '@axe-core/playwright';
import { expect, test } from '@playwright/test';
import { fresh, node1, node2, Person } from './people';

const phone = { viewport: { width: 390, height: 780 }, isMobile: true, hasTouch: true };

async function faults({ page }: Person): Promise<string[]> {
  await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => undefined))));
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']).analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

test('names open cards, and a block holds for both until it ends', async ({ browser }) => {
  const [room, aliceName, bobName] = [fresh('room'), fresh('alice'), fresh('bob')];
  const alice = await Person.at(browser, node1);
  const bob = await Person.at(browser, node2, phone);
  await alice.registers(aliceName);
  await bob.registers(bobName);
  await alice.createsRoom(room);
  await bob.joins(room);
  const zone = await bob.page.evaluate(async () => {
    const response = await fetch('/api/v1/users/me', { method: 'PATCH', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ timeZone: 'Asia/Tokyo' }) });
    return response.status;
  });
  expect(zone).toBe(200);
  await bob.says(`Hello @${aliceName}`);
  await alice.sees('Hello');

  // With the mouse, then with the keyboard.
  const name = alice.line('Hello').getByRole('button', { name: bobName });
  const card = alice.page.getByRole('dialog', { name: bobName });
  await name.click();
  await expect(card.getByText(/\d\d:\d\d local time/)).toBeVisible();
  await expect(card.getByRole('link', { name: room })).toBeVisible();
  expect(await faults(alice)).toEqual([]);
  await alice.page.keyboard.press('Escape');
  await expect(card).toHaveCount(0);
  await expect(name).toBeFocused();
  await alice.page.keyboard.press('Enter');
  await card.getByRole('button', { name: 'Message' }).click();
  await alice.isIn(bobName);
  await alice.says('Between us');

  // With a finger: Back closes the card only.
  await bob.line('Hello').getByRole('button', { name: `@${aliceName}` }).tap();
  const sheet = bob.page.getByRole('dialog', { name: aliceName });
  await expect(sheet.getByRole('button', { name: 'Mention' })).toBeVisible();
  expect(await faults(bob)).toEqual([]);
  await bob.page.goBack();
  await expect(sheet).toHaveCount(0);
  await bob.isIn(room);
  await bob.page.getByRole('link', { name: 'Back to your rooms' }).click();
  await bob.page.getByRole('link', { name: new RegExp(`^${aliceName}`) }).click();
  await bob.sees('Between us');

  await alice.page.getByRole('heading', { level: 1 }).getByRole('button', { name: bobName }).click();
  await card.getByRole('button', { name: 'Block…' }).click();
  await alice.page.getByRole('dialog', { name: `Block ${bobName}?` }).getByRole('button', { name: 'Block' }).click();
  await expect(alice.page.getByText(`You blocked ${bobName}.`)).toBeVisible();
  await expect(alice.page.getByRole('textbox', { name: `Message ${bobName}` })).toHaveCount(0);
  await bob.says('Are you there?');
  await expect(bob.line('Are you there?')).toContainText('Not sent. You cannot send messages in this conversation.');
  await alice.page.getByRole('link', { name: room }).click();
  await alice.isIn(room);
  await expect(alice.line('Hello')).toHaveCount(0);
  await alice.line('Message from a blocked person').getByRole('button', { name: 'Show' }).click();
  await alice.sees('Hello');

  // The person is found again, and what was not sent can be.
  await alice.page.getByRole('link', { name: new RegExp(`^${bobName}`) }).click();
  await alice.page.getByRole('button', { name: 'Unblock' }).click();
  await expect(alice.page.getByRole('textbox', { name: `Message ${bobName}` })).toBeVisible();
  await bob.line('Are you there?').getByRole('button', { name: 'Try again' }).click();
  await alice.sees('Are you there?');
});
