import { useChat } from '../../hooks/context';
import { useStore } from '../../hooks/useStore';
import type { EnterKey, OpenAt } from '../../state/preferences';

/** The settings of this browser. They apply at once. */
export function PreferencesForm() {
  const { preferences } = useChat();
  const enterKey = useStore(preferences.enterKey);
  const openAt = useStore(preferences.openAt);
  return (
    <section className="dialog-section" aria-labelledby="preferences-title">
      <h3 id="preferences-title">Writing and reading</h3>
      <div className="field">
        <label htmlFor="enter-key">The Enter key</label>
        <select id="enter-key" value={enterKey} onChange={(event) => preferences.setEnterKey(event.target.value as EnterKey)}>
          <option value="auto">Sends, except on a touch keyboard</option>
          <option value="send">Sends</option>
          <option value="newline">Starts a new line</option>
        </select>
      </div>
      <div className="field">
        <label htmlFor="open-at">Rooms with new messages open</label>
        <select id="open-at" value={openAt} onChange={(event) => preferences.setOpenAt(event.target.value as OpenAt)}>
          <option value="unread">Where you left off</option>
          <option value="newest">At the newest message</option>
        </select>
      </div>
      <p className="field-hint">In this browser only.</p>
    </section>
  );
}
