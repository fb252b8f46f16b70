import { expect, type Locator, test } from '@playwright/test';
import { fresh, node1, Person } from './people';

/** The height of a paragraph in lines. */
const linesOf = (paragraph: Locator) =>
  paragraph.evaluate((p) => p.getBoundingClientRect().height / Number.parseFloat(getComputedStyle(p).lineHeight));

/** The space to the left and to the right of the letters of an element, within its box. */
const margins = (element: Locator) =>
  element.evaluate((box) => {
    const range = document.createRange();
    range.selectNodeContents(box);
    const [letters, whole] = [range.getBoundingClientRect(), box.getBoundingClientRect()];
    return { left: letters.left - whole.left, right: whole.right - letters.right };
  });

test('messages are shown as they were typed', async ({ browser }) => {
  const alice = await Person.at(browser, node1);
  await alice.registers(fresh('alice'));
  await alice.createsRoom(fresh('room'));
  const { page } = alice;
  const box = page.getByRole('textbox', { name: /^Message / });
  // A message that is not stored yet has no tools. Its row is replaced when it is.
  const stored = (text: string) => alice.line(text).filter({ has: page.getByRole('toolbar', { name: /^Message from/, includeHidden: true }) });

  await test.step('three lines stand directly below each other', async () => {
    await box.pressSequentially('line one');
    await box.press('Shift+Enter');
    await box.pressSequentially('line two');
    await box.press('Shift+Enter');
    await box.pressSequentially('line three');
    await box.press('Enter');
    const paragraph = stored('line one').getByRole('paragraph').filter({ hasText: 'line one' });
    await expect(paragraph).toBeVisible();
    expect(await linesOf(paragraph)).toBeCloseTo(3, 1);
  });

  await test.step('spaces are kept', async () => {
    await alice.says('    four a    b');
    const paragraph = stored('four a').getByRole('paragraph').filter({ hasText: 'four a' });
    await expect.poll(() => paragraph.evaluate((p) => (p as HTMLElement).innerText)).toBe('    four a    b');
    expect((await margins(paragraph)).left).toBeLessThan(1);
  });

  await test.step('each line has the direction of its letters', async () => {
    await box.fill('שלום עולם');
    expect(await box.evaluate((element) => getComputedStyle(element).direction)).toBe('rtl');
    await box.press('Enter');
    const hebrew = stored('שלום').getByRole('paragraph').filter({ hasText: 'שלום' });
    await expect.poll(async () => (await margins(hebrew)).right).toBeLessThan(1);
    expect((await margins(hebrew)).left).toBeGreaterThan(50);
  });

  await test.step('tables and tasks', async () => {
    await alice.says('| name | place |\n|---|---|\n| Ada | *London* |\n\n- [x] done\n- [ ] open');
    const row = stored('London');
    await expect(row.getByRole('table').getByRole('cell', { name: 'London' })).toBeVisible();
    await expect(row.getByRole('checkbox', { name: 'Done', exact: true })).toBeChecked();
    await expect(row.getByRole('checkbox', { name: 'Not done' })).toBeDisabled();
  });
});
