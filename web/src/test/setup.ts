import 'fake-indexeddb/auto';
import { cleanup } from '@testing-library/react';
import { afterEach, vi } from 'vitest';
import { stopTestChats } from './testChat';

afterEach(() => {
  cleanup();
  stopTestChats();
  localStorage.clear();
});

// Components render at once: tests look at the page right after a change. frames.test.ts tests the real module.
vi.mock('../hooks/frames', () => ({ subscribePerFrame: (subscribe: (changed: () => void) => () => void, changed: () => void) => subscribe(changed) }));
