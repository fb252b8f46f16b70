import { useEffect, useRef } from 'react';
import type { Option } from '../hooks/useCompletion';
import { Avatar, nameOf } from './Avatar';
import styles from './CompletionList.module.css';

interface CompletionListProps {
  id: string;
  options: readonly Option[];
  chosen: number;
  onAccept: (option: Option) => void;
}

export const optionId = (list: string, at: number) => `${list}-${at}`;

/** The completions above the composer. The focus stays in the text, which refers to the selected option. */
export function CompletionList({ id, options, chosen, onAccept }: CompletionListProps) {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    list.current?.children[chosen]?.scrollIntoView({ block: 'nearest' });
  }, [chosen]);
  return (
    <div ref={list} id={id} className={styles.list} role="listbox" tabIndex={-1} aria-label={options[0]?.kind === 'emoji' ? 'Emoji' : 'People to mention'}>
      {options.map((option, at) => (
        <div
          key={option.kind === 'person' ? option.user.id : option.emoji.char}
          id={optionId(id, at)}
          role="option"
          tabIndex={-1}
          className={styles.option}
          aria-selected={at === chosen}
          // A click would move the focus out of the text first.
          onPointerDown={(event) => {
            event.preventDefault();
            onAccept(option);
          }}
        >
          {option.kind === 'person' ? (
            <>
              <Avatar person={option.user} size="s" />
              <span className={styles.name} dir="auto">{nameOf(option.user)}</span> <span className={styles.username}>@{option.user.username}</span>
            </>
          ) : (
            <>
              <span className={styles.emoji}>{option.emoji.char}</span> <span className={styles.username}>:{option.emoji.codes[0]}:</span>
            </>
          )}
        </div>
      ))}
    </div>
  );
}
