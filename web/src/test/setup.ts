import 'fake-indexeddb/auto';
import { cleanup, configure } from '@testing-library/react';
import { afterEach, vi } from 'vitest';
import { stopTestChats } from './testChat';

// A component that loads when it is rendered takes seconds on a busy machine.
configure({ asyncUtilTimeout: 4_000 });

afterEach(() => {
  cleanup();
  stopTestChats();
  localStorage.clear();
});

// Components render at once: tests look at the page right after a change. frames.test.ts tests the real module.
vi.mock('../hooks/frames', () => ({ subscribePerFrame: (subscribe: (changed: () => void) => () => void, changed: () => void) => subscribe(changed) }));
