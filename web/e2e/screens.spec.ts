import { expect, test } from '@playwright/test';
import { baseUrl, fresh, node1, node2, Person } from './people';

const sizes = {
  desktop: { width: 1280, height: 800 },
  phone: { width: 390, height: 844 },
};

/** Creates a room with a few messages for the screenshots. */
async function talk(alice: Person, bob: Person): Promise<void> {
  await alice.says('Morning! The kettle is on.');
  await bob.sees('Morning! The kettle is on.');
  await bob.says('Lovely. Shall we move the Thursday plans here?');
  await bob.says('I made a list:\n\n- seeds\n- two bags of soil\n- **patience**');
  await alice.sees('patience');
  await alice.says('Perfect. I will bring the bread.');
  await alice.says('To start your own room like this one:\n\n```\ndocker compose up -d --wait\n```');
  await bob.sees('docker compose');
  await bob.says('Tea at four? 🍵');
  await alice.sees('Tea at four?');
}

for (const [name, viewport] of Object.entries(sizes)) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`screens, ${name}, ${colorScheme}`, async ({ browser }) => {
      const isMobile = name === 'phone';
      const alice = await Person.at(browser, node1, { viewport, colorScheme, isMobile, hasTouch: isMobile, deviceScaleFactor: 2 });
      const bob = await Person.at(browser, node2);
      const shot = (screen: string) => alice.page.screenshot({ path: `test-results/screens/${name}-${colorScheme}-${screen}.png` });
      await alice.page.goto(node1);
      await expect(alice.page.getByRole('heading', { name: 'Welcome to Chillin' })).toBeVisible();
      await shot('sign-in');
      await alice.registers(fresh('alice'), 'Alice Moreau');
      await bob.registers(fresh('bob'), 'Bob Tanaka');
      const room = fresh('garden');
      await alice.createsRoom(room, { description: 'Seeds, soil and patience' });
      await bob.joins(room);
      await talk(alice, bob);
      await shot('room');
      if (isMobile) {
        await alice.page.getByRole('link', { name: 'Back to your rooms' }).click();
        await expect(alice.page.getByRole('link', { name: room })).toBeVisible();
        await shot('rooms');
      }
      await alice.page.goto(`${node1}/#/find`);
      await expect(alice.page.getByRole('heading', { name: 'Find rooms' })).toBeVisible();
      await expect(alice.page.getByRole('article').first()).toBeVisible();
      await shot('find');
      const tooWide = await alice.page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
      expect(tooWide, 'the page scrolls sideways').toBe(false);
    });
  }
}

test('the screenshot for the README', async ({ browser }) => {
  test.skip(process.env.README_SCREENSHOT !== '1', 'on a fresh server README_SCREENSHOT=1 writes docs/screenshot.png');
  const alice = await Person.at(browser, baseUrl, { viewport: { width: 1180, height: 740 }, deviceScaleFactor: 2 });
  const bob = await Person.at(browser, baseUrl);
  await alice.registers('alice', 'Alice Moreau');
  await bob.registers('bob', 'Bob Tanaka');
  for (const room of ['kitchen', 'reading', 'late night radio']) await alice.createsRoom(room);
  await alice.createsRoom('garden club', { description: 'Seeds, soil and patience' });
  await bob.joins('garden club');
  await talk(alice, bob);
  await bob.line('Perfect. I will bring the bread.').hover();
  await bob.line('Perfect. I will bring the bread.').getByRole('button', { name: 'Add a reaction' }).click();
  await bob.page.getByRole('menuitem', { name: 'Heart' }).click();
  await expect(alice.line('I will bring the bread').getByRole('button', { name: /^❤️/ })).toBeVisible();
  await alice.page.getByRole('link', { name: 'reading' }).click();
  await alice.page.getByRole('textbox', { name: 'Message reading' }).fill('The second chapter');
  await alice.page.getByRole('link', { name: 'garden club' }).click();
  await bob.page.getByRole('button', { name: 'Actions for Alice Moreau' }).click();
  await bob.page.getByRole('menuitem', { name: 'Message' }).click();
  await bob.says('Have you seen my ladder?');
  await expect(alice.page.getByRole('link', { name: /^Bob Tanaka online 1 unread/ })).toBeVisible();
  await alice.page.getByRole('button', { name: 'No, thanks' }).click();
  await bob.page.goto(`${baseUrl}/#/find`);
  await expect(alice.page.getByRole('complementary', { name: 'Members' }).getByText('Bob Tanaka')).toBeVisible();
  await alice.page.mouse.move(640, 100);
  await alice.page.screenshot({ path: '../docs/screenshot.png' });
});
