import { memo, useEffect, useMemo, useRef, useState } from 'react';
import { useChat } from '../../hooks/context';
import { hasTouchKeyboard } from '../../hooks/useEnterKey';
import { useStore } from '../../hooks/useStore';
import { allEmoji, type Emoji, emojiGroups, loadEmoji, searchEmoji, skinTones, tonedChar } from '../../state/emoji';
import { EmptyState } from '../../ui/EmptyState';
import styles from './EmojiPicker.module.css';

const RECENT = 16;
const toneNames = ['No skin tone', 'Light', 'Medium-light', 'Medium', 'Medium-dark', 'Dark'];

/** `name` is the label of the emoji. */
type Choose = (char: string, name: string) => void;

/** All emoji: a search, the recent ones, and the groups. */
export function EmojiPanel({ onChoose }: { onChoose: Choose }) {
  const { emojiUse } = useChat();
  const emoji = useStore(allEmoji);
  const { tone, used } = useStore(emojiUse.history);
  const [query, setQuery] = useState('');
  const [failed, setFailed] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const found = useMemo(() => (query.trim() === '' ? undefined : searchEmoji(emoji, query)), [emoji, query]);

  // The part is loaded after the popup has opened. On a touch screen the keyboard would cover the emoji.
  useEffect(() => {
    if (!hasTouchKeyboard()) input.current?.focus();
  }, []);

  useEffect(() => {
    if (!failed) loadEmoji().catch(() => setFailed(true));
  }, [failed]);

  return (
    <>
      <div className={styles.search}>
        <input ref={input} type="search" aria-label="Search emoji" placeholder="Search" value={query} onChange={(event) => setQuery(event.target.value)} />
        <select aria-label="Skin tone" value={tone} onChange={(event) => emojiUse.setTone(Number(event.target.value))}>
          {skinTones.map((modifier, i) => (
            <option key={modifier} value={i} aria-label={toneNames[i]}>
              {`✋${modifier}`}
            </option>
          ))}
        </select>
      </div>
      <div className={styles.all}>
        {failed && <EmptyState title="The emoji could not be loaded" action={{ label: 'Try again', run: () => setFailed(false) }} />}
        {!failed && emoji.length === 0 && <p className={styles.note}>Loading…</p>}
        {found && (
          <>
            <p className="sr-only" role="status">
              {found.length} emoji
            </p>
            {found.length === 0 ? <p className={styles.note}>No emoji found.</p> : <Grid emoji={found} tone={tone} onChoose={onChoose} />}
          </>
        )}
        {!found && used.length > 0 && (
          <Section title="Recent">
            <div className={styles.grid}>
              {used.slice(0, RECENT).map(({ char, label }) => (
                <EmojiButton key={char} char={char} name={label} onChoose={onChoose} />
              ))}
            </div>
          </Section>
        )}
        {!found && emoji.length > 0 && <Groups emoji={emoji} tone={tone} onChoose={onChoose} />}
      </div>
    </>
  );
}

interface GridProps {
  emoji: readonly Emoji[];
  tone: number;
  onChoose: Choose;
}

const Groups = memo(function Groups({ emoji, tone, onChoose }: GridProps) {
  return Object.entries(emojiGroups).map(([group, title]) => (
    <Section key={group} title={title}>
      <Grid emoji={emoji.filter((one) => one.group === Number(group))} tone={tone} onChoose={onChoose} />
    </Section>
  ));
});

function Section({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <section className={styles.section} aria-label={title}>
      <h3>{title}</h3>
      {children}
    </section>
  );
}

function Grid({ emoji, tone, onChoose }: GridProps) {
  return (
    <div className={styles.grid}>
      {emoji.map((one) => (
        <EmojiButton key={one.char} char={tonedChar(one, tone)} name={nameOf(one)} onChoose={onChoose} />
      ))}
    </div>
  );
}

function EmojiButton({ char, name, onChoose }: { char: string; name: string; onChoose: Choose }) {
  return (
    <button type="button" className={styles.emoji} tabIndex={-1} aria-label={name} title={name} onClick={() => onChoose(char, name)}>
      {char}
    </button>
  );
}

function nameOf({ label }: Emoji): string {
  return label.charAt(0).toLocaleUpperCase() + label.slice(1);
}
