import { useState } from 'react';
import { useChat } from '../../hooks/context';
import { useQuiet } from '../../hooks/useChatState';
import type { Room } from '../../protocol/types';
import { Icon } from '../../ui/Icon';
import { MenuItem, Popup } from '../../ui/Popup';
import styles from './RoomActions.module.css';

interface RoomActionsProps {
  room: Room;
  /** undefined if the user cannot change the room. */
  onSettings: (() => void) | undefined;
  /** undefined if the room cannot be left. */
  onLeave: (() => void) | undefined;
}

/** The actions of a room: buttons, or on a phone a menu. */
export function RoomActions({ room, onSettings, onLeave }: RoomActionsProps) {
  const { notifications: alerts } = useChat();
  const quiet = useQuiet(room.id);
  const [menu, setMenu] = useState<HTMLElement>();
  const close = () => setMenu(undefined);
  const toggleQuiet = () => alerts.setRoomMuted(room.id, !quiet);

  function choose(action: () => void) {
    close();
    action();
  }

  return (
    <>
      <div className={styles.actions}>
        <button
          type="button"
          className="icon-button"
          aria-label="Quiet"
          aria-pressed={quiet}
          title={quiet ? 'Quiet: no notifications from this room' : 'Make this room quiet'}
          onClick={toggleQuiet}
        >
          <Icon name={quiet ? 'bell' : 'ring'} />
        </button>
        {onSettings && (
          <button type="button" className="icon-button" aria-label={`Settings of ${room.name}`} title="Room settings" onClick={onSettings}>
            <Icon name="sliders" />
          </button>
        )}
        {onLeave && (
          <button type="button" className="icon-button" aria-label={`Leave ${room.name}`} title="Leave this room" onClick={onLeave}>
            <Icon name="leave" />
          </button>
        )}
      </div>
      <button
        type="button"
        className="icon-button only-phone"
        aria-label="More room actions"
        aria-haspopup="menu"
        aria-expanded={menu !== undefined}
        onClick={(event) => setMenu(event.currentTarget)}
      >
        <Icon name="more" />
      </button>
      {menu && (
        <Popup anchor={menu} label="Room" onClose={close}>
          <MenuItem icon={quiet ? 'ring' : 'bell'} onChoose={() => choose(toggleQuiet)}>
            {quiet ? 'Turn notifications on' : 'Make this room quiet'}
          </MenuItem>
          {onSettings && (
            <MenuItem icon="sliders" onChoose={() => choose(onSettings)}>
              Room settings
            </MenuItem>
          )}
          {onLeave && (
            <MenuItem icon="leave" onChoose={() => choose(onLeave)}>
              Leave this room
            </MenuItem>
          )}
        </Popup>
      )}
    </>
  );
}
