import { type ClipboardEvent, useCallback, useEffect, useMemo, useState } from 'react';
import { useChat } from '../../hooks/context';
import { useUnread } from '../../hooks/useChatState';
import { useAnchoredWindow } from '../../hooks/useAnchoredWindow';
import { goTo, roomHref } from '../../hooks/useRoute';
import { useStore } from '../../hooks/useStore';
import { firstUnreadItem, itemAt, itemsOf } from '../../state/room/items';
import { visibleTimeline } from '../../state/room/history';
import type { RoomSession } from '../../state/room/session';
import { isLoadedSince } from '../../state/room/timeline';
import { Icon } from '../../ui/Icon';
import { copiedMessages } from './copiedMessages';
import { MissedBanner } from './MissedBanner';
import { ItemRow } from './TimelineItem';
import { HistoryStart, NewerStatus } from './HistoryEdges';
import { useEscape } from './useEscape';
import { useMarkRead } from './useMarkRead';
import { useOpenAtLine } from './useOpenAtLine';
import { useFoldHandler, useLongFold, useOpenFolds } from './useFolds';
import { useUnfolded } from './useUnfolded';
import { usePreviewLoader } from './usePreview';
import { MessageAnnouncer } from './MessageAnnouncer';
import styles from './MessageList.module.css';

interface MessageListProps {
  session: RoomSession;
  roomName: string;
}

/** The messages around one position. Another position starts a new list. */
export function MessageList({ session, roomName }: MessageListProps) {
  usePreviewLoader();
  const chat = useChat();
  const timeline = useStore(session.timeline);
  const sight = useStore(session.history.view);
  const older = useStore(session.older);
  const newer = useStore(session.history.newer);
  const { unread } = useUnread(session.id);
  const readBefore = useStore(session.readBefore);
  const openAtUnread = useStore(chat.preferences.openAt) === 'unread';
  const past = sight.kind === 'past';
  const { target } = sight;
  const visible = useMemo(() => visibleTimeline(timeline, sight), [timeline, sight]);
  const [unfolded, unfold] = useUnfolded(target);
  const { openFolds, toggleFold } = useOpenFolds(target);
  const items = useMemo(() => itemsOf(visible, readBefore, unfolded, openFolds), [visible, readBefore, unfolded, openFolds]);
  const [startAt] = useState(() => (target !== undefined ? itemAt(items, target) : openAtUnread ? firstUnreadItem(items) : undefined)?.key);
  const fold = useLongFold(items, session);
  const loadOlder = useCallback(() => {
    // After a failure only the user retries.
    if (session.older.getSnapshot().kind === 'idle' && !fold.tooLong) void session.loadOlder();
  }, [session, fold.tooLong]);
  const loadLater = useCallback(() => {
    if (session.history.newer.getSnapshot().kind === 'idle') void session.history.loadNewer();
  }, [session]);
  const { scroller, content, shown, fromStart, atBottom, onScroll, toBottom, openAt, keepAt } = useAnchoredWindow(items, startAt, loadOlder, loadLater);
  const reading = useMarkRead(session, { scroller, content, shown, timeline: visible, atEnd: atBottom && !past });

  useOpenAtLine(session, items, atBottom && !past && openAtUnread, openAt);

  const toNewest = useCallback(() => {
    if (past) goTo(roomHref(session.id));
    else toBottom();
  }, [past, session, toBottom]);

  // A message that the user has just sent is always visible.
  const pendingCid = timeline.outgoing.findLast((one) => one.kind === 'pending')?.cid;
  const [initialPendingCid] = useState(pendingCid);
  useEffect(() => {
    if (pendingCid !== undefined && pendingCid !== initialPendingCid) toNewest();
  }, [pendingCid, initialPendingCid, toNewest]);

  // So is a message that the user starts to edit: the last own message may be below.
  const editing = useStore(session.draft.editing)?.messageId;
  const [initialEditing] = useState(editing);
  const editingHidden = editing !== undefined && editing !== initialEditing && !shown.some((item) => item.kind === 'message' && item.message.id === editing);
  useEffect(() => {
    if (editingHidden) toNewest();
  }, [editingHidden, toNewest]);

  // The keyboard continues from the message that the user went to.
  useEffect(() => {
    if (target === undefined) return;
    content.current?.querySelector<HTMLElement>('[aria-current=true]')?.focus({ preventScroll: true });
  }, [content, target]);

  const handleFold = useFoldHandler(keepAt, toggleFold);

  useEscape(past || !atBottom, toNewest);

  function handleCopy(event: ClipboardEvent<HTMLOListElement>) {
    const selection = document.getSelection();
    const copied = selection && copiedMessages(event.currentTarget.children, shown, selection);
    if (!copied) return;
    event.preventDefault();
    event.clipboardData.setData('text/plain', copied.text);
    event.clipboardData.setData('text/html', copied.html);
  }

  return (
    <div className={styles.messages}>
      {unread > 0 && !past && (reading.skipped || (readBefore !== undefined && !isLoadedSince(timeline, readBefore))) && (
        <MissedBanner session={session} count={unread} />
      )}
      <div
        ref={scroller}
        className={styles.scroll}
        role="region"
        aria-label={`Messages in ${roomName}`}
        tabIndex={0}
        onScroll={() => {
          onScroll();
          reading.onScroll();
        }}
      >
        {fromStart && (
          <HistoryStart
            hasOlder={visible.hasOlder}
            older={older}
            waiting={fold.tooLong}
            roomName={roomName}
            onLoad={fold.loadOlder}
          />
        )}
        <ol ref={content} className={styles.list} onCopy={handleCopy}>
          {shown.map((item) => (
            <ItemRow
              key={item.kind === 'fold' ? `f${item.messages[0]?.id}` : item.key}
              item={item}
              session={session}
              onUnfold={unfold}
              onFold={handleFold}
              found={target !== undefined && item.kind === 'message' && item.message.seq === target}
            />
          ))}
        </ol>
        {past && <NewerStatus newer={newer} onRetry={() => void session.history.loadNewer()} />}
      </div>
      {(past || !atBottom) && (
        <button type="button" className={styles.toNewest} onClick={toNewest}>
          <Icon name="down" size={16} />
          {past ? 'Back to the newest messages' : unread > 0 ? `${unread} new` : 'Newest'}
        </button>
      )}
      <MessageAnnouncer session={session} />
    </div>
  );
}
