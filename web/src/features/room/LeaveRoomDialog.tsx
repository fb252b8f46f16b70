import { useChat } from '../../hooks/context';
import { useAction } from '../../hooks/useAction';
import { goTo, homeHref } from '../../hooks/useRoute';
import { rejoinHint } from '../../state/room/rejoin';
import type { MyRoom } from '../../state/room/myRoom';
import { Dialog } from '../../ui/Dialog';
import { FormError } from '../../ui/FormError';

export function LeaveDialog({ mine: { room, role }, onClose }: { mine: MyRoom; onClose: () => void }) {
  const chat = useChat();
  const [action, run] = useAction();

  function leave() {
    void run(async () => {
      await chat.rooms.leave(room.id);
      onClose();
      goTo(homeHref);
    });
  }

  return (
    <Dialog title={`Leave ${room.name}?`} onClose={onClose}>
      <p className="dialog-text">
        {role === 'owner' ? 'The owner cannot leave the room. Transfer it to another member first, or delete it.' : rejoinHint(room, 'you')}
      </p>
      {action.kind === 'failed' && <FormError>{action.reason}</FormError>}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>
          {role === 'owner' ? 'Close' : 'Stay'}
        </button>
        {role !== 'owner' && (
          <button type="button" className="button primary" disabled={action.kind === 'busy'} onClick={leave}>
            Leave room
          </button>
        )}
      </div>
    </Dialog>
  );
}
