import { afterEach, beforeEach, expect, test, vi } from 'vitest';

// The tests of components replace this module (test/setup.ts).
const { FrameQueue } = await vi.importActual<typeof import('./frames')>('./frames');

let draw: () => void = () => undefined;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('requestAnimationFrame', (callback: () => void) => {
    draw = callback;
    return 1;
  });
  vi.stubGlobal('cancelAnimationFrame', () => {
    draw = () => undefined;
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('renders once per frame, whatever the number of changes', () => {
  const queue = new FrameQueue();
  const first = vi.fn();
  const second = vi.fn();
  for (let i = 0; i < 10; i++) queue.add(first);
  queue.add(second);
  expect(first).not.toHaveBeenCalled();
  draw();
  expect(first).toHaveBeenCalledTimes(1);
  expect(second).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1_000);
  expect(first).toHaveBeenCalledTimes(1);
});

test('renders without a frame in a hidden page', () => {
  const queue = new FrameQueue();
  const render = vi.fn();
  queue.add(render);
  vi.advanceTimersByTime(249);
  expect(render).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(render).toHaveBeenCalledTimes(1);
  draw();
  expect(render).toHaveBeenCalledTimes(1);
});

test('does not render what was removed', () => {
  const queue = new FrameQueue();
  const removed = vi.fn();
  const kept = vi.fn();
  queue.add(removed);
  queue.add(kept);
  queue.remove(removed);
  draw();
  expect(kept).toHaveBeenCalledTimes(1);
  expect(removed).not.toHaveBeenCalled();
});
