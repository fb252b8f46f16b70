import { type KeyboardEvent, useEffect, useMemo, useState } from 'react';
import type { User } from '../protocol/types';
import { namesFor, type Naming, namingAt, written } from '../state/mentions';
import type { RoomSession } from '../state/room';
import { useMe } from './useChatState';
import { useStore } from './useStore';

/** The people who may be meant by the @name at the caret, and which of them is chosen. */
export function useNaming(session: RoomSession, text: string) {
  const me = useMe();
  const members = useStore(session.members.state);
  const [naming, setNaming] = useState<Naming>();
  const [at, setAt] = useState(0);
  const people = useMemo(
    () => (naming === undefined || members.kind === 'unasked' ? [] : namesFor(members.members, naming.query, me.id)),
    [naming, members, me.id],
  );
  const open = people.length > 0;
  const chosen = Math.min(at, people.length - 1);

  // The panel of members may never have been open.
  const begun = naming !== undefined;
  useEffect(() => {
    if (begun && !session.members.asked) void session.members.load();
  }, [begun, session]);

  /** What is written, and where the caret stands in it. */
  function look(next: string, caret: number) {
    const now = namingAt(next, caret);
    setNaming(now);
    if (now?.start !== naming?.start || now?.query !== naming?.query) setAt(0);
  }

  function take(person: User): { text: string; caret: number } | undefined {
    setNaming(undefined);
    return naming && written(text, naming, person.username);
  }

  /** Which person a key takes; undefined where the key is not for us, 'kept' where it is done with. */
  function pressed(event: KeyboardEvent): User | 'kept' | undefined {
    if (!open || event.nativeEvent.isComposing) return undefined;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) setAt((chosen + step + people.length) % people.length);
    else if (event.key === 'Escape') setNaming(undefined);
    else if (event.key !== 'Enter' && event.key !== 'Tab') return undefined;
    event.preventDefault();
    event.stopPropagation();
    return event.key === 'Enter' || event.key === 'Tab' ? people[chosen] : 'kept';
  }

  return { people, open, chosen, look, take, pressed, close: () => setNaming(undefined) };
}
