import { useState } from 'react';
import { useOpenPerson } from '../../hooks/person';
import { useMe, useReadOnlyReason } from '../../hooks/useChatState';
import { useStore } from '../../hooks/useStore';
import type { Message, Reaction } from '../../protocol/types';
import type { RoomSession } from '../../state/room/session';
import { Popup } from '../../ui/Popup';
import { useLongPress } from './useLongPress';
import styles from './MessageRow.module.css';

interface ReactionsProps {
  session: RoomSession;
  message: Message;
  busy: boolean;
  onToggle: (emoji: string, on: boolean) => void;
}

export function Reactions({ session, message, busy, onToggle }: ReactionsProps) {
  // Renders again when the members, and so their names, are loaded.
  useStore(session.members.state);
  if (message.reactions.length === 0) return null;
  return (
    <ul className={styles.reactions} aria-label="Reactions" aria-busy={busy}>
      {message.reactions.map((reaction) => (
        <li key={reaction.emoji}>
          <ReactionChip session={session} reaction={reaction} onToggle={onToggle} />
        </li>
      ))}
    </ul>
  );
}

/** Toggles the user's reaction. Holding it with a finger shows who reacted; a mouse shows that as a tooltip. */
function ReactionChip({ session, reaction: { emoji, count, me, userIds }, onToggle }: { session: RoomSession; reaction: Reaction; onToggle: ReactionsProps['onToggle'] }) {
  const { id: self } = useMe();
  const readOnly = useReadOnlyReason(session.id);
  const [anchor, setAnchor] = useState<HTMLElement>();
  const press = useLongPress(setAnchor);
  const openPerson = useOpenPerson();
  const names = userIds.map((id) => (id === self ? 'you' : (session.nameOf(id) ?? 'another member')));
  const who = names.join(', ');
  return (
    <>
      <button
        type="button"
        className={styles.reaction}
        aria-pressed={me}
        aria-label={`${emoji} ${count}, ${who}${readOnly ? `. ${readOnly}` : ''}`}
        title={readOnly ? `${who}. ${readOnly}.` : who}
        aria-disabled={readOnly ? true : undefined}
        onClick={readOnly ? undefined : () => onToggle(emoji, !me)}
        {...press}
      >
        {emoji} <span>{count}</span>
      </button>
      {anchor && (
        <Popup anchor={anchor} role="dialog" label={`Who reacted with ${emoji}`} onClose={() => setAnchor(undefined)}>
          <h3 className={styles.reactedTitle}>
            {emoji} {count}
          </h3>
          <ul className={styles.reacted}>
            {userIds.map((id, i) => {
              const person = session.personOf(id);
              const show = () => {
                setAnchor(undefined);
                if (person) openPerson(person, anchor);
              };
              return (
                <li key={id}>
                  <button type="button" disabled={!person} onClick={show}>
                    {names[i]}
                  </button>
                </li>
              );
            })}
          </ul>
          <button type="button" className={`button wide`} onClick={() => setAnchor(undefined)}>
            Close
          </button>
        </Popup>
      )}
    </>
  );
}
