import { useState } from 'react';
import type { Author, Status } from '../protocol/types';
import { classNames } from './classNames';
import styles from './Avatar.module.css';

const HUES = 12;

const sizeClass = { s: styles.small, m: undefined, l: styles.large, xl: styles.extraLarge };

export function nameOf(person: { username: string; displayName: string }): string {
  return person.displayName || person.username;
}

export function initialsOf(name: string): string {
  const words = name.split(/[\s._-]+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return letters.map((word) => [...(word ?? '?')][0]?.toLocaleUpperCase()).join('');
}

interface AvatarProps {
  person: Author;
  status?: Status;
  size?: keyof typeof sizeClass;
  className?: string | undefined;
}

/** A person's picture, or their initials on a colour that depends on the user ID only. */
export function Avatar({ person, status, size = 'm', className }: AvatarProps) {
  const { avatarUrl } = person;
  // After an error the initials are shown. A new URL is tried again.
  const [broken, setBroken] = useState('');
  return (
    <span className={classNames(styles.avatar, sizeClass[size], styles[`hue${person.id % HUES}`], className)} aria-hidden="true">
      {avatarUrl && avatarUrl !== broken ? (
        <img src={avatarUrl} alt="" loading="lazy" onError={() => setBroken(avatarUrl)} />
      ) : (
        initialsOf(nameOf(person))
      )}
      {status && <span className={classNames(styles.dot, status !== 'offline' && styles[status])} />}
    </span>
  );
}
