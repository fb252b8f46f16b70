import { AxeBuilder } from '@axe-core/playwright';
import { expect, test } from '@playwright/test';
import { baseUrl, fresh, Person } from './people';

async function faults(person: Person): Promise<string[]> {
  // Elements in an animation do not have their final colours.
  await person.page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => undefined))));
  const { violations } = await new AxeBuilder({ page: person.page })
    .options({ rules: { 'label-content-name-mismatch': { enabled: true } } })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'])
    .analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`every screen passes the accessibility checks, ${colorScheme}`, async ({ browser }) => {
    const erin = await Person.at(browser, baseUrl, { colorScheme, reducedMotion: 'reduce' });
    await erin.page.goto(baseUrl);
    await expect(erin.page.getByRole('heading', { name: 'Welcome to Chillin' })).toBeVisible();
    expect(await faults(erin)).toEqual([]);

    await erin.registers(fresh('erin'));
    expect(await faults(erin)).toEqual([]);

    await erin.createsRoom(fresh('room'), { description: 'Read aloud' });
    await erin.says('One line with `code` and a [link](https://example.org)');
    await expect(erin.page.getByRole('link', { name: 'link' })).toBeVisible();
    await expect(erin.page.getByRole('complementary', { name: 'Members' }).getByRole('listitem')).toHaveCount(1);
    expect(await faults(erin)).toEqual([]);

    await erin.page.getByRole('button', { name: 'New room' }).click();
    await expect(erin.page.getByRole('dialog')).toBeVisible();
    expect(await faults(erin)).toEqual([]);
    await erin.page.keyboard.press('Escape');

    const more = erin.page.getByRole('button', { name: 'More actions' });
    await more.focus();
    await more.press('Enter');
    await expect(erin.page.getByRole('menu', { name: 'Actions' })).toBeVisible();
    expect(await faults(erin)).toEqual([]);
    await erin.page.getByRole('menuitem', { name: 'Add a reaction' }).click();
    await expect(erin.page.getByRole('menu', { name: 'Choose a reaction' })).toBeVisible();
    expect(await faults(erin)).toEqual([]);
    await erin.page.keyboard.press('Enter');
    await expect(erin.page.getByRole('button', { name: '👍 1, you' })).toBeVisible();
    await erin.page.getByRole('textbox', { name: /^Message / }).press('ArrowUp');
    await expect(erin.page.getByRole('textbox', { name: 'Edit your message' })).toBeFocused();
    expect(await faults(erin)).toEqual([]);
    await erin.page.keyboard.press('Escape');

    await erin.page.getByRole('button', { name: /^Settings of/ }).click();
    await expect(erin.page.getByRole('dialog', { name: 'Room settings' })).toBeVisible();
    expect(await faults(erin)).toEqual([]);
    await erin.page.keyboard.press('Escape');
    for (const [section, content] of [['sessions', 'This device'], ['profile', 'Status message'], ['account', 'Current password'], ['bots', 'Your first bot']] as const) {
      await erin.opensSettings(section);
      await expect(erin.page.getByText(content, { exact: true })).toBeVisible();
      expect(await faults(erin)).toEqual([]);
    }
  });
}

test('everything works with the keyboard alone', async ({ browser }) => {
  const finn = await Person.at(browser, baseUrl);
  await finn.registers(fresh('finn'));
  const keyboard = finn.page.keyboard;
  await finn.page.locator('body').press('Tab');
  await expect(finn.page.getByRole('link', { name: 'Skip to the conversation' })).toBeFocused();
  await finn.page.getByRole('button', { name: 'New room' }).first().focus();
  await keyboard.press('Enter');
  const dialog = finn.page.getByRole('dialog');
  await expect(dialog.getByLabel('Name')).toBeFocused();
  await keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(finn.page.getByRole('button', { name: 'New room' }).first()).toBeFocused();
});
