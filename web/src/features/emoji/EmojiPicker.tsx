import { useState } from 'react';
import { useStore } from '../../hooks/useStore';
import { allEmoji, type Emoji, loadEmoji } from '../../state/emoji';
import { Icon } from '../../ui/Icon';
import { Popup } from '../../ui/Popup';
import styles from './EmojiPicker.module.css';

/** The common emoji with their names. */
const usual = new Map([
  ['👍', 'Thumbs up'],
  ['❤️', 'Heart'],
  ['😂', 'Tears of joy'],
  ['😊', 'Smile'],
  ['🎉', 'Party'],
  ['🙏', 'Thank you'],
  ['👏', 'Applause'],
  ['🔥', 'Fire'],
  ['👀', 'Eyes'],
  ['🤔', 'Thinking'],
  ['😮', 'Surprise'],
  ['😢', 'Sad'],
  ['✅', 'Done'],
  ['👎', 'Thumbs down'],
  ['🚀', 'Rocket'],
]);

const COLUMNS = 8;

interface EmojiPickerProps {
  anchor: HTMLElement;
  label: string;
  onChoose: (emoji: string) => void;
  onClose: () => void;
}

/** A grid of the common emoji. Its last button shows all emoji. */
export function EmojiPicker({ anchor, label, onChoose, onClose }: EmojiPickerProps) {
  const [all, setAll] = useState(false);
  const emoji = useStore(allEmoji);
  // Until the names are loaded, the common emoji stay.
  const complete = all && emoji.length > 0;
  const others = complete ? emoji.filter(({ char }) => !usual.has(char)).map((one) => [one.char, nameOf(one)] as const) : [];
  const shown = [...usual, ...others];

  function showAll() {
    setAll(true);
    loadEmoji().catch(() => setAll(false));
  }

  return (
    <Popup key={String(complete)} anchor={anchor} label={label} columns={COLUMNS} onClose={onClose}>
      {shown.map(([emoji, name]) => (
        <button key={emoji} type="button" role="menuitem" className={styles.emoji} tabIndex={-1} aria-label={name} title={name} onClick={() => onChoose(emoji)}>
          {emoji}
        </button>
      ))}
      {!complete && (
        <button type="button" role="menuitem" className={styles.emoji} tabIndex={-1} aria-label="All emoji" title="All emoji" aria-busy={all} onClick={showAll}>
          <Icon name="more" />
        </button>
      )}
    </Popup>
  );
}

function nameOf({ label }: Emoji): string {
  return label.charAt(0).toLocaleUpperCase() + label.slice(1);
}
