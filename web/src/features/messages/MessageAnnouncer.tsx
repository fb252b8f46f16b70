import { useEffect, useState } from 'react';
import type { Message } from '../../protocol/types';
import type { RoomSession } from '../../state/room/session';
import { nameOf } from '../../ui/Avatar';

/** Announces new messages of others to screen readers. History is not announced. */
export function MessageAnnouncer({ session }: { session: RoomSession }) {
  const [text, setText] = useState('');
  useEffect(() => {
    const seqOf = () => session.timeline.getSnapshot().messages.at(-1)?.seq ?? 0;
    let announced = seqOf();
    return session.timeline.subscribe(() => {
      const { messages, me } = session.timeline.getSnapshot();
      const last = messages.at(-1);
      if (last === undefined || last.seq <= announced) return;
      announced = last.seq;
      if (last.author.id === me && last.kind === 'text') return;
      setText(last.kind === 'system' ? last.text : `${nameOf(last.author)}: ${messageText(last)}`);
    });
  }, [session]);
  return (
    <div className="sr-only" role="log" aria-live="polite">
      {text}
    </div>
  );
}

function messageText({ text, attachments }: Message): string {
  return [text, ...attachments.map(({ name }) => name)].filter(Boolean).join(', ');
}
