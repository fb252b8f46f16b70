import { act, render } from '@testing-library/react';
import type { ReactElement } from 'react';
import { vi } from 'vitest';
import { ChatContext } from '../hooks/context';
import type { Message } from '../protocol/types';
import { until } from './until';
import { connectTestChat, type TestChat } from './testChat';

/** Simulates a wide window with a mouse, which happy-dom lacks. */
export function stubBrowser(): void {
  vi.stubGlobal('matchMedia', (query: string) => ({ matches: query.includes('hover: hover') || query.includes('min-width'), media: query }));
  vi.stubGlobal('ResizeObserver', class {
    observe() {}
    disconnect() {}
  });
}

/** Connects alice, opens room 7 and renders the element. */
export async function renderWithChat(element: ReactElement, answer: NonNullable<Parameters<typeof connectTestChat>[0]>): Promise<TestChat> {
  const rig = await connectTestChat(answer);
  const session = rig.chat.rooms.session(7);
  if (session !== undefined) await until(session.loadState, (opening) => opening.kind === 'ready');
  render(<ChatContext value={rig.chat}>{element}</ChatContext>);
  return rig;
}

/** Sends changes of the room to the client, each with its changeSeq. */
export function serve({ socket }: TestChat, ...changed: Message[]): void {
  act(() => socket().serve(...changed.map((m) => ({ type: 'message:new', data: { roomId: 7, seq: m.changeSeq, message: m } }))));
}
