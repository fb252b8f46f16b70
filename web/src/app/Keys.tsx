import { Fragment } from 'react';
import { ALT, CTRL } from '../ui/keyNames';
import styles from './Keys.module.css';

const groups: [string, [string[][], string][]][] = [
  ['Everywhere', [
    [[[CTRL, 'K']], 'Go to a room or a person'],
    [[[ALT, '↑'], [ALT, '↓']], 'Go to the room above or below'],
    [[[ALT, 'Shift', '↑'], [ALT, 'Shift', '↓']], 'Go to the unread room above or below'],
    [[['?'], [CTRL, '/']], 'Show the keyboard shortcuts'],
  ]],
  ['In the composer', [
    [[['Enter']], 'Send'],
    [[['Shift', 'Enter']], 'New line. In a code block, Enter alone'],
    [[[CTRL, 'Enter']], 'Send, also from a code block'],
    [[['↑']], 'Edit your last message, if the box is empty'],
    [[['@']], 'Mention a member'],
    [[[':']], 'Insert an emoji, like :smile:'],
    [[['Esc']], 'Cancel the reply, the edit or the list'],
  ]],
  ['In the conversation', [
    [[['Tab']], 'Go from message to message'],
    [[['←'], ['→']], 'Choose an action for a message'],
    [[['Esc']], 'Back to the newest message'],
  ]],
];

/** The keyboard shortcuts. */
export function Keys() {
  return (
    <>
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
    </>
  );
}
