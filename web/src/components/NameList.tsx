import { useEffect, useRef } from 'react';
import type { User } from '../protocol/types';
import { Avatar, nameOf } from './Avatar';

interface NameListProps {
  id: string;
  people: readonly User[];
  chosen: number;
  onTake: (person: User) => void;
}

export const nameOptionId = (list: string, at: number) => `${list}-${at}`;

/** People to be named, above the composer. The focus stays in the text: it points here. */
export function NameList({ id, people, chosen, onTake }: NameListProps) {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    list.current?.children[chosen]?.scrollIntoView({ block: 'nearest' });
  }, [chosen]);
  return (
    <div ref={list} id={id} className="names" role="listbox" tabIndex={-1} aria-label="People to mention">
      {people.map((person, at) => (
        <div
          key={person.id}
          id={nameOptionId(id, at)}
          role="option"
          tabIndex={-1}
          className="names-option"
          aria-selected={at === chosen}
          // Not by a click: that would take the focus out of the text first.
          onPointerDown={(event) => {
            event.preventDefault();
            onTake(person);
          }}
        >
          <Avatar person={person} size="s" />
          <span className="names-name">{nameOf(person)}</span> <span className="names-user">@{person.username}</span>
        </div>
      ))}
    </div>
  );
}
