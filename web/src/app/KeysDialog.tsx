import { Fragment } from 'react';
import { Dialog } from '../ui/Dialog';
import { ALT, CTRL } from '../ui/keyNames';
import styles from './KeysDialog.module.css';

const groups: [string, [string[][], string][]][] = [
  ['Everywhere', [
    [[[CTRL, 'K']], 'Go to a room or a person'],
    [[[ALT, '↑'], [ALT, '↓']], 'Go to the room above or below'],
    [[[ALT, 'Shift', '↑'], [ALT, 'Shift', '↓']], 'The same among rooms with something unread'],
    [[['?'], [CTRL, '/']], 'Show this'],
  ]],
  ['While you write', [
    [[['Enter']], 'Send'],
    [[['Shift', 'Enter']], 'New line; in a block of code Enter alone makes one'],
    [[[CTRL, 'Enter']], 'Send, from a block of code too'],
    [[['↑']], 'In an empty box: change your last message'],
    [[['@']], 'Name somebody'],
    [[[':']], 'Write an emoji, like :smile:'],
    [[['Esc']], 'Forget the reply, the change or the list'],
  ]],
  ['In the conversation', [
    [[['Tab']], 'Go from message to message'],
    [[['←'], ['→']], 'Choose what to do with one'],
    [[['Esc']], 'Back to the newest message'],
  ]],
];

export function KeysDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keyboard" onClose={onClose}>
      {groups.map(([title, keys]) => (
        <section key={title} className={styles.keys}>
          <h3>{title}</h3>
          <dl>
            {keys.map(([ways, what]) => (
              <div key={what}>
                <dt>{what}</dt>
                <dd>
                  {ways.map((way, i) => (
                    <Fragment key={way.join()}>
                      {i > 0 && <span className={styles.or}> or </span>}
                      {way.map((key) => (
                        <kbd key={key}>{key}</kbd>
                      ))}
                    </Fragment>
                  ))}
                </dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </Dialog>
  );
}
