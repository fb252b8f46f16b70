import type { ReactNode } from 'react';
import { useOpenPerson } from '../hooks/person';
import type { Author } from '../protocol/types';
import { classNames } from './classNames';
import styles from './PersonButton.module.css';

interface PersonButtonProps {
  person: Author;
  /** The picture beside a name, in the same list item: it is for the mouse and fingers, and the name for the keyboard. */
  beside?: boolean;
  className?: string | undefined;
  children: ReactNode;
}

/** Opens the card of a person. */
export function PersonButton({ person, beside = false, className, children }: PersonButtonProps) {
  const open = useOpenPerson();
  return (
    <button
      type="button"
      className={classNames(styles.person, className)}
      aria-haspopup="dialog"
      {...(beside ? { tabIndex: -1, 'aria-hidden': true } : {})}
      onClick={({ currentTarget }) => {
        const name = beside ? currentTarget.closest('li')?.querySelector<HTMLElement>('button[aria-haspopup=dialog]:not([aria-hidden])') : undefined;
        open(person, name ?? currentTarget);
      }}
    >
      {children}
    </button>
  );
}
