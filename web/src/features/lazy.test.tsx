import { act, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { renderWithChat, stubBrowser } from '../test/page';
import type { TestChat } from '../test/testChat';
import { lazyWithRetry } from './lazy';

let testChat: TestChat | undefined;

beforeEach(stubBrowser);

afterEach(() => {
  testChat?.chat.stop();
  vi.unstubAllGlobals();
});

const Greeting = ({ name }: { name: string }) => <p>Hello {name}</p>;

test('retries a failed chunk and renders it at once the next time', async () => {
  let there = false;
  let asked = 0;
  const Part = lazyWithRetry(async () => {
    asked += 1;
    if (!there) throw new TypeError('Failed to fetch dynamically imported module');
    return Greeting;
  });
  testChat = await renderWithChat(<Part name="Alice" />, () => ({ body: {} }));
  await screen.findByText('This part could not be loaded');
  act(() => testChat?.socket().end(1006));
  await screen.findByText('You are offline');
  there = true;
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  await screen.findByText('Hello Alice');
  const before = asked;
  testChat.chat.stop();
  testChat = await renderWithChat(<Part name="Bob" />, () => ({ body: {} }));
  expect(screen.getByText('Hello Bob')).toBeTruthy();
  expect(asked).toBe(before);
});
