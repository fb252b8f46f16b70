import { useState } from 'react';
import { Icon } from '../../ui/Icon';
import { EmojiPicker } from '../emoji/EmojiPicker';

export function EmojiButton({ onChoose }: { onChoose: (emoji: string) => void }) {
  const [anchor, setAnchor] = useState<HTMLElement>();
  return (
    <>
      <button
        type="button"
        className="icon-button"
        aria-label="Emoji"
        title="Emoji"
        aria-haspopup="menu"
        aria-expanded={anchor !== undefined}
        onClick={(event) => setAnchor(event.currentTarget)}
      >
        <Icon name="smile" />
      </button>
      {anchor && (
        <EmojiPicker
          anchor={anchor}
          label="Choose an emoji"
          onChoose={(emoji) => {
            setAnchor(undefined);
            onChoose(emoji);
          }}
          onClose={() => setAnchor(undefined)}
        />
      )}
    </>
  );
}
