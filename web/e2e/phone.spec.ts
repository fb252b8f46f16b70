import { expect, test } from '@playwright/test';
import { fresh, node1, node2, Person } from './people';

const phone = { viewport: { width: 390, height: 780 }, isMobile: true, hasTouch: true };

test('on a phone Enter starts a line, menus outlive the keyboard, and Back closes what is on top', async ({ browser }) => {
  const room = fresh('room');
  const alice = await Person.at(browser, node1, phone);
  const bob = await Person.at(browser, node2);
  const bobName = fresh('bob');
  await alice.registers(fresh('alice'));
  await bob.registers(bobName);
  await alice.createsRoom(room);
  await bob.joins(room);
  const { page } = alice;
  const box = page.getByRole('textbox', { name: `Message ${room}` });

  await box.fill('first');
  await box.press('Enter');
  await box.pressSequentially('second');
  await expect(box).toHaveValue('first\nsecond');
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await expect(bob.line('first')).toContainText('second');
  await expect(box).toHaveValue('');

  // The keyboard of the phone changes the height of the page: the menu stays.
  const more = alice.line('first').getByRole('button', { name: 'More actions' });
  await more.click();
  const menu = page.getByRole('menu', { name: 'Actions' });
  await expect(menu).toBeVisible();
  await page.setViewportSize({ width: 390, height: 500 });
  await page.setViewportSize({ width: 390, height: 780 });
  await expect(menu).toBeVisible();
  await page.goBack();
  await expect(menu).toHaveCount(0);
  await alice.isIn(room);

  // A menu that opens a dialog, and a panel: one step back each, then the room itself.
  await page.getByRole('button', { name: /^Members/ }).click();
  const members = page.getByRole('complementary', { name: 'Members' });
  await expect(members.getByText(bobName)).toBeVisible();
  await (await alice.actionsFor(bobName)).click();
  await page.getByRole('menuitem', { name: 'Remove from the room…' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toBeVisible();
  await page.goBack();
  await expect(dialog).toHaveCount(0);
  await expect(members).toBeVisible();
  await page.goBack();
  await expect(members).toHaveCount(0);
  await alice.isIn(room);
  await more.click();
  await page.keyboard.press('Escape');
  await expect(menu).toHaveCount(0);
  await alice.isIn(room);
  await page.goBack();
  await expect(page.getByRole('navigation', { name: 'Rooms' })).toBeVisible();

  // With the setting Enter sends here, too.
  await page.getByRole('link', { name: /^Your account/ }).click();
  const section = page.getByRole('link', { name: 'Writing and reading' });
  await section.click();
  await expect(page.getByRole('heading', { name: 'Writing and reading', level: 2 })).toBeFocused();
  await expect(section).toHaveCount(0);
  await page.getByLabel('The Enter key').selectOption('Sends');
  await page.goBack();
  await expect(section).toBeFocused();
  await page.goBack();
  await page.getByRole('link', { name: room }).click();
  await box.fill('third');
  await box.press('Enter');
  await bob.sees('third');

  // A quick reaction is one tap in the menu, all emoji are searchable, and holding a reaction shows who reacted.
  await alice.line('third').getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('menuitem', { name: 'React with Party' }).click();
  const chip = alice.line('third').getByRole('button', { name: /^🎉/ });
  await expect(chip).toHaveAccessibleName('🎉 1, you');
  await chip.dispatchEvent('pointerdown', { pointerType: 'touch' });
  await expect(page.getByRole('dialog', { name: 'Who reacted with 🎉' })).toContainText('you');
  await page.goBack();
  await expect(page.getByRole('dialog', { name: 'Who reacted with 🎉' })).toHaveCount(0);
  await page.getByRole('button', { name: 'Emoji', exact: true }).click();
  await expect(page.getByRole('menuitem').first()).toHaveAccessibleName('Party');
  await page.getByRole('menuitem', { name: 'All emoji' }).click();
  await page.getByRole('combobox', { name: 'Skin tone' }).selectOption('✋🏽');
  await page.getByRole('searchbox', { name: 'Search emoji' }).fill('waving hand');
  await page.getByRole('button', { name: 'Waving hand' }).click();
  await expect(box).toHaveValue('👋🏽');

  // On iOS the keyboard covers the page instead of shrinking it.
  await page.evaluate(() => {
    Object.defineProperty(visualViewport, 'height', { value: 420, configurable: true });
    visualViewport?.dispatchEvent(new Event('resize'));
  });
  await expect.poll(async () => (await box.boundingBox())?.y ?? 999).toBeLessThan(400);
  await expect.poll(async () => (await page.getByRole('heading', { level: 1, name: room }).boundingBox())?.y ?? -1).toBeGreaterThanOrEqual(0);
});

test('on a phone every screen has a heading and a main part, and buttons are large enough for a finger', async ({ browser }) => {
  const room = fresh('room');
  const alice = await Person.at(browser, node1, phone);
  const { page } = alice;
  const check = async () => {
    await expect(page.getByRole('main')).toHaveCount(1);
    await expect(page.getByRole('heading', { level: 1 })).toHaveCount(1);
    const small = await page.evaluate(() =>
      [...document.querySelectorAll('button, input, select, textarea')]
        .filter((one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
        .map((one) => ({ box: one.getBoundingClientRect(), name: one.getAttribute('aria-label') ?? one.textContent ?? '' }))
        .filter(({ box }) => box.width > 1 && (box.width < 43.5 || box.height < 43.5))
        .map(({ box, name }) => `${name}: ${box.width.toFixed()} x ${box.height.toFixed()}`),
    );
    expect(small).toEqual([]);
  };
  await page.goto(node1);
  await expect(page.getByRole('heading', { name: 'Welcome to Chillin' })).toBeVisible();
  await check();
  await alice.registers(fresh('alice'));
  await expect(page.getByRole('navigation', { name: 'Rooms' })).toBeVisible();
  await check();
  await alice.createsRoom(room);
  await page.getByRole('textbox', { name: `Message ${room}` }).fill('Measure me');
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await alice.sees('Measure me');
  await check();
  await page.goto(`${node1}/#/find`);
  await expect(page.getByRole('article').first()).toBeVisible();
  await check();
  await page.goto(`${node1}/#/room/999999`);
  await expect(page.getByText('You are not in this room')).toBeVisible();
  await check();
});

test('the keys of an input method do not send, and undo takes back words', async ({ browser }) => {
  const room = fresh('room');
  const alice = await Person.at(browser, node1);
  await alice.registers(fresh('alice'));
  await alice.createsRoom(room);
  const { page } = alice;
  const box = page.getByRole('textbox', { name: `Message ${room}` });
  await box.fill('にほん');
  // Safari ends the composition before it reports the Enter key, with this code.
  await box.evaluate((area) => area.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', keyCode: 229, bubbles: true, cancelable: true } as KeyboardEventInit)));
  await expect(box).toHaveValue('にほん');
  await box.press('Enter');
  await expect(box).toHaveValue('');
  await alice.sees('にほん');

  await box.pressSequentially('Tea at four ');
  // The browser starts a new step after a pause, which a busy machine makes anywhere in the sentence.
  let steps = 0;
  for (; (await box.inputValue()) !== ''; steps++) await page.keyboard.press('Control+z');
  expect(steps).toBeLessThan('Tea at four '.length / 2);
  for (let step = 0; step < steps; step++) await page.keyboard.press('Control+Shift+z');
  await expect(box).toHaveValue('Tea at four ');
  await box.pressSequentially(':tada:');
  await expect(box).toHaveValue('Tea at four 🎉');
  await page.keyboard.press('Control+z');
  await expect(box).toHaveValue('Tea at four :tada:');
});
