import { useState } from 'react';
import { useChat } from '../../hooks/context';
import { useStore } from '../../hooks/useStore';
import { loadEmoji } from '../../state/emoji';
import { frequentEmoji } from '../../state/emojiUse';
import { Icon } from '../../ui/Icon';
import { Popup } from '../../ui/Popup';
import { EmojiPanel } from '../lazy';
import styles from './EmojiPicker.module.css';

const COLUMNS = 8;
/** Two lines, with the button for all emoji. */
const OFFERED = 2 * COLUMNS - 1;

interface EmojiPickerProps {
  anchor: HTMLElement;
  label: string;
  onChoose: (emoji: string) => void;
  onClose: () => void;
}

/** The emoji that the user uses most. The last button shows all emoji, with a search. */
export function EmojiPicker({ anchor, label, onChoose, onClose }: EmojiPickerProps) {
  const { emojiUse } = useChat();
  const [all, setAll] = useState(false);
  // The order stays while the menu is open.
  const [offered] = useState(() => frequentEmoji(emojiUse.history.getSnapshot(), OFFERED));

  function choose(char: string, name: string) {
    emojiUse.record(char, name);
    onChoose(char);
  }

  if (all) {
    return (
      <Popup key="all" anchor={anchor} label={label} role="dialog" columns={COLUMNS} onClose={onClose}>
        <EmojiPanel onChoose={choose} />
      </Popup>
    );
  }
  return (
    <Popup anchor={anchor} label={label} columns={COLUMNS} onClose={onClose}>
      {offered.map(({ char, label: name }) => (
        <button key={char} type="button" role="menuitem" className={styles.emoji} tabIndex={-1} aria-label={name} title={name} onClick={() => choose(char, name)}>
          {char}
        </button>
      ))}
      <button
        type="button"
        role="menuitem"
        className={styles.emoji}
        tabIndex={-1}
        aria-label="All emoji"
        title="All emoji"
        onClick={() => {
          loadEmoji().catch(() => undefined);
          setAll(true);
        }}
      >
        <Icon name="more" />
      </button>
    </Popup>
  );
}

/** The most frequent emoji in a line of a menu. */
export function QuickReactions({ onChoose }: { onChoose: (emoji: string) => void }) {
  const { emojiUse } = useChat();
  const history = useStore(emojiUse.history);
  return (
    <div className={styles.quick} role="group" aria-label="React with">
      {frequentEmoji(history, 6).map(({ char, label }) => (
        <button
          key={char}
          type="button"
          role="menuitem"
          className={styles.emoji}
          tabIndex={-1}
          aria-label={`React with ${label}`}
          title={label}
          onClick={() => {
            emojiUse.record(char, label);
            onChoose(char);
          }}
        >
          {char}
        </button>
      ))}
    </div>
  );
}
