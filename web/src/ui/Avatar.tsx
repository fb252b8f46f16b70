import { useState } from 'react';
import type { Author, Status } from '../protocol/types';

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
export function Avatar({ person, status, size = 'm' }: { person: Author; status?: Status; size?: 's' | 'm' | 'l' | 'xl' }) {
  const { avatarUrl } = person;
  // A picture that does not come is no picture; another address is another try.
  const [broken, setBroken] = useState('');
  return (
    <span className={`avatar avatar-${size} hue-${person.id % HUES}`} aria-hidden="true">
      {avatarUrl && avatarUrl !== broken ? (
        <img src={avatarUrl} alt="" loading="lazy" onError={() => setBroken(avatarUrl)} />
      ) : (
        initialsOf(nameOf(person))
      )}
      {status && <span className={`dot dot-${status}`} />}
    </span>
  );
}
