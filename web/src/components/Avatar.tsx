import type { Status } from '../protocol/types';

interface Person {
  id: number;
  username: string;
  displayName: string;
  avatarUrl: string;
}

const HUES = 12;

export function nameOf(person: { username: string; displayName: string }): string {
  return person.displayName || person.username;
}

export function initialsOf(name: string): string {
  const words = name.split(/[\s._-]+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return letters.map((word) => [...(word ?? '?')][0]?.toLocaleUpperCase()).join('');
}

/** A person's picture, or initials on a colour that is the person's for ever. */
export function Avatar({ person, status, size = 'm' }: { person: Person; status?: Status; size?: 's' | 'm' | 'l' }) {
  return (
    <span className={`avatar avatar-${size} hue-${person.id % HUES}`} aria-hidden="true">
      {person.avatarUrl ? <img src={person.avatarUrl} alt="" loading="lazy" /> : initialsOf(nameOf(person))}
      {status && <span className={`dot dot-${status}`} />}
    </span>
  );
}
