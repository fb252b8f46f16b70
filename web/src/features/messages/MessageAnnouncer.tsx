import { useEffect, useState } from 'react';
import { subscribePerFrame } from '../../hooks/frames';
import type { Message } from '../../protocol/types';
import type { RoomSession } from '../../state/room/session';
import { nameOf } from '../../ui/Avatar';

/** What arrives within this time is announced together. */
const INTERVAL_MS = 2_000;

/** Announces new messages of others to screen readers. History is not announced. */
export function MessageAnnouncer({ session }: { session: RoomSession }) {
  const [text, setText] = useState('');
  useEffect(() => {
    let announced = session.timeline.getSnapshot().messages.at(-1)?.seq ?? 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const announce = () => {
      timer = undefined;
      const { messages, me, blocked } = session.timeline.getSnapshot();
      const from = messages.findLastIndex(({ seq }) => seq <= announced) + 1;
      const fresh = messages.slice(from).filter(({ author, kind }) => kind === 'system' || (author.id !== me && !blocked.has(author.id)));
      announced = messages.at(-1)?.seq ?? announced;
      if (fresh.length === 0) return;
      setText(announcementOf(fresh));
      timer = setTimeout(announce, INTERVAL_MS);
    };
    const unsubscribe = subscribePerFrame(session.timeline.subscribe, () => timer === undefined && announce());
    return () => {
      unsubscribe();
      clearTimeout(timer);
    };
  }, [session]);
  return (
    <div className="sr-only" role="log" aria-live="polite">
      {text}
    </div>
  );
}

/** A screen reader cannot read messages as fast as a busy room receives them. */
function announcementOf(messages: readonly Message[]): string {
  const last = messages.at(-1);
  if (last === undefined) return '';
  const text = last.kind === 'system' ? last.text : `${nameOf(last.author)}: ${messageText(last)}`;
  return messages.length === 1 ? text : `${messages.length} new messages. ${text}`;
}

function messageText({ text, attachments }: Message): string {
  return [text, ...attachments.map(({ name }) => name)].filter(Boolean).join(', ');
}
