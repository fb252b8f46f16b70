import { useCallback, useEffect, useMemo, useState } from 'react';
import { useChat } from '../../hooks/context';
import { useUnread } from '../../hooks/useChatState';
import { useAnchoredWindow } from '../../hooks/useAnchoredWindow';
import { goTo, messageHref, roomHref } from '../../hooks/useRoute';
import { useStore } from '../../hooks/useStore';
import type { Message } from '../../protocol/types';
import { firstUnreadItem, itemAt, itemsOf } from '../../state/room/items';
import { visibleTimeline, type NewerState } from '../../state/room/history';
import type { OlderState, RoomSession } from '../../state/room/session';
import { isLoadedSince } from '../../state/room/timeline';
import { nameOf } from '../../ui/Avatar';
import { EmptyState } from '../../ui/EmptyState';
import { Icon } from '../../ui/Icon';
import { ItemRow } from './MessageRow';

/** What was unread when the room was opened: so many, after the last message read. */
export interface Missed {
  after: number;
  count: number;
}

interface MessageListProps {
  session: RoomSession;
  roomName: string;
  missed: Missed | undefined;
}

/** A visit to one part of the room: another visit begins a list of its own. */
export function MessageList({ session, roomName, missed }: MessageListProps) {
  const timeline = useStore(session.timeline);
  const sight = useStore(session.history.view);
  const older = useStore(session.older);
  const later = useStore(session.history.newer);
  const { unread } = useUnread(session.id);
  const past = sight.kind === 'past';
  const { target } = sight;
  const items = useMemo(() => itemsOf(visibleTimeline(timeline, sight), missed?.after), [timeline, sight, missed]);
  const [startAt] = useState(() => (target === undefined ? firstUnreadItem(items) : itemAt(items, target))?.key);
  const loadOlder = useCallback(() => {
    // What has failed is tried again when a person asks.
    if (session.older.getSnapshot().kind === 'idle') void session.loadOlder();
  }, [session]);
  const loadLater = useCallback(() => {
    if (session.history.newer.getSnapshot().kind === 'idle') void session.history.loadNewer();
  }, [session]);
  const { scroller, content, shown, fromStart, atBottom, onScroll, toBottom } = useAnchoredWindow(items, startAt, loadOlder, loadLater);

  useMarkRead(session, atBottom && !past);

  const toPresent = useCallback(() => {
    if (past) goTo(roomHref(session.id));
    else toBottom();
  }, [past, session, toBottom]);

  // What one has just written is always in sight.
  const written = timeline.outgoing.findLast((one) => one.kind === 'pending')?.cid;
  const [writtenBefore] = useState(written);
  useEffect(() => {
    if (written !== undefined && written !== writtenBefore) toPresent();
  }, [written, writtenBefore, toPresent]);

  // What one begins to change as well: the last message of one's own may lie below.
  const editing = useStore(session.editing)?.messageId;
  const [editingBefore] = useState(editing);
  const editingHidden = editing !== undefined && editing !== editingBefore && !shown.some((item) => item.kind === 'message' && item.message.id === editing);
  useEffect(() => {
    if (editingHidden) toPresent();
  }, [editingHidden, toPresent]);

  // Who went somewhere goes on from there, with the keyboard too.
  useEffect(() => {
    if (target === undefined) return;
    content.current?.querySelector<HTMLElement>('.found')?.focus({ preventScroll: true });
  }, [content, target]);

  useEscape(past || !atBottom, toPresent);

  return (
    <div className="messages">
      {missed !== undefined && !past && !isLoadedSince(timeline, missed.after) && (
        <a className="to-missed" href={messageHref(session.id, missed.after + 1)}>
          <Icon name="up" size={16} />
          {missedLabel(missed.count)}: where you left off
        </a>
      )}
      <div
        ref={scroller}
        className="messages-scroll"
        role="region"
        aria-label={`Messages in ${roomName}`}
        tabIndex={0}
        onScroll={onScroll}
      >
        {fromStart && (
          <HistoryStart hasOlder={visibleTimeline(timeline, sight).hasOlder} older={older} roomName={roomName} onRetry={() => void session.loadOlder()} />
        )}
        <ol ref={content} className="messages-list">
          {shown.map((item) => (
            <ItemRow key={item.key} item={item} session={session} found={target !== undefined && item.kind === 'message' && item.message.seq === target} />
          ))}
        </ol>
        {past && <LaterStatus later={later} onRetry={() => void session.history.loadNewer()} />}
      </div>
      {(past || !atBottom) && (
        <button type="button" className="to-newest" onClick={toPresent}>
          <Icon name="down" size={16} />
          {past ? 'Back to the present' : unread > 0 ? `${unread} new` : 'Newest'}
        </button>
      )}
      <Announcer session={session} />
    </div>
  );
}

/** The server counts no further. */
const MOST_COUNTED = 1000;

function missedLabel(count: number): string {
  if (count === 1) return 'One new message';
  return count >= MOST_COUNTED ? `More than ${MOST_COUNTED} new messages` : `${count} new messages`;
}

function LaterStatus({ later, onRetry }: { later: NewerState; onRetry: () => void }) {
  if (later.kind !== 'failed') return <p className="older">{later.kind === 'loading' ? 'Loading later messages…' : ''}</p>;
  return (
    <EmptyState title="Later messages could not be loaded" action={{ label: 'Try again', run: onRetry }}>
      {later.reason}
    </EmptyState>
  );
}

interface HistoryStartProps {
  hasOlder: boolean;
  older: OlderState;
  roomName: string;
  onRetry: () => void;
}

function HistoryStart({ hasOlder, older, roomName, onRetry }: HistoryStartProps) {
  if (older.kind === 'failed') {
    return (
      <EmptyState title="Earlier messages could not be loaded" action={{ label: 'Try again', run: onRetry }}>
        {older.reason}
      </EmptyState>
    );
  }
  if (hasOlder) return <p className="older">{older.kind === 'loading' ? 'Loading earlier messages…' : ''}</p>;
  return (
    <div className="beginning">
      <p className="beginning-title">{roomName}</p>
      <p>This is where it begins. Say hello.</p>
    </div>
  );
}

/** Escape, where nothing else is to be let go of. */
function useEscape(armed: boolean, escape: () => void) {
  useEffect(() => {
    if (!armed) return undefined;
    const handleKeyDown = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || event.defaultPrevented || document.querySelector('dialog[open], .popup') !== null) return;
      escape();
    };
    window.addEventListener('keydown', handleKeyDown);
    return () => window.removeEventListener('keydown', handleKeyDown);
  }, [armed, escape]);
}

/** Seen is what stands at the bottom of a window that a person looks at. */
function useMarkRead(session: RoomSession, atBottom: boolean) {
  const chat = useChat();
  const timeline = useStore(session.timeline);
  useEffect(() => {
    const look = () => {
      if (atBottom && document.visibilityState === 'visible' && document.hasFocus()) chat.markRead(session.id);
    };
    look();
    window.addEventListener('focus', look);
    document.addEventListener('visibilitychange', look);
    return () => {
      window.removeEventListener('focus', look);
      document.removeEventListener('visibilitychange', look);
    };
  }, [chat, session, timeline, atBottom]);
}

/** Reads new messages of others to those who do not see them; history stays silent. */
function Announcer({ session }: { session: RoomSession }) {
  const [text, setText] = useState('');
  useEffect(() => {
    const seqOf = () => session.timeline.getSnapshot().messages.at(-1)?.seq ?? 0;
    let heard = seqOf();
    return session.timeline.subscribe(() => {
      const { messages, me } = session.timeline.getSnapshot();
      const last = messages.at(-1);
      if (last === undefined || last.seq <= heard) return;
      heard = last.seq;
      if (last.author.id === me && last.kind === 'text') return;
      setText(last.kind === 'system' ? last.text : `${nameOf(last.author)}: ${wordsOf(last)}`);
    });
  }, [session]);
  return (
    <div className="sr-only" role="log" aria-live="polite">
      {text}
    </div>
  );
}

function wordsOf({ text, attachments }: Message): string {
  return [text, ...attachments.map(({ name }) => name)].filter(Boolean).join(', ');
}
