import { type ReactNode, useEffect, useState } from 'react';
import { useRoomSession } from '../../hooks/useChatState';
import type { OpenPerson } from '../../hooks/person';
import { nameOf } from '../../ui/Avatar';
import { Popup } from '../../ui/Popup';
import { PersonCard } from '../lazy';

interface PersonPopupProps {
  open: OpenPerson;
  /** The room that is displayed. */
  roomId: number | undefined;
  /** Opens the user's own profile. */
  onProfile: () => void;
  onClose: () => void;
}

/** The card of a person, or a dialog that it opens in its place. */
export function PersonPopup({ open, roomId, onProfile, onClose }: PersonPopupProps) {
  const session = useRoomSession(roomId ?? 0);
  // A mention knows only the username.
  const person = session?.personOf(open.person.id) ?? open.person;
  const [dialog, setDialog] = useState<ReactNode>();

  // The card belongs to the page on which it was opened.
  useEffect(() => {
    window.addEventListener('hashchange', onClose);
    return () => window.removeEventListener('hashchange', onClose);
  }, [onClose]);

  if (dialog !== undefined) return dialog;
  return (
    <Popup anchor={open.anchor} label={nameOf(person)} role="dialog" align="start" onClose={onClose}>
      <PersonCard person={person} roomId={roomId} onDialog={setDialog} onProfile={onProfile} onClose={onClose} />
    </Popup>
  );
}
