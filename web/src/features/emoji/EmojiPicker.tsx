import { useState } from 'react';
import { type Emoji, emojis } from '../../state/emoji';
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
  const shown = all ? emojis.map((one) => [one.char, nameOf(one)] as const) : [...usual];
  return (
    <Popup key={String(all)} anchor={anchor} label={label} columns={COLUMNS} onClose={onClose}>
      {shown.map(([emoji, name]) => (
        <button key={emoji} type="button" role="menuitem" className={styles.emoji} tabIndex={-1} aria-label={name} title={name} onClick={() => onChoose(emoji)}>
          {emoji}
        </button>
      ))}
      {!all && (
        <button type="button" role="menuitem" className={styles.emoji} tabIndex={-1} aria-label="All emoji" title="All emoji" onClick={() => setAll(true)}>
          <Icon name="more" />
        </button>
      )}
    </Popup>
  );
}

function nameOf({ char, code }: Emoji): string {
  const words = code.replaceAll('_', ' ');
  return usual.get(char) ?? words.charAt(0).toLocaleUpperCase() + words.slice(1);
}
