// The page measures how long after a key press the letter is on the screen, while the open room
// receives messages. Build it with the configuration of the client and type into the composer; the
// figures are in window.bench. e2e/typing.spec.ts does both.
import '../src/styles/index.css';
import { createRoot } from 'react-dom/client';
import { Shell } from '../src/app/Shell';
import { ChatContext } from '../src/hooks/context';
import { Chat } from '../src/state/chat';
import { databaseName, openLocalDatabase } from '../src/state/local/database';
import { UserStorage } from '../src/state/local/userStorage';
import { RestClient } from '../src/transport/rest';
import { BusyRoom, ME, ROOM_ID } from './busyRoom';

/** The controls of the measurement. */
export interface Bench {
  /** Sets the events per second and starts a new series. */
  start(perSecond: number): void;
  /** Returns the milliseconds from key press to paint of the series. */
  samples(): number[];
}

declare global {
  interface Window {
    bench: Bench;
  }
}

const server = new BusyRoom();
let samples: number[] = [];
let pressedAt = 0;

window.bench = {
  start: (perSecond) => {
    samples = [];
    server.setRate(perSecond);
  },
  samples: () => samples,
};

window.addEventListener('keydown', (event) => (pressedAt = event.timeStamp), true);
window.addEventListener('input', () => {
  const from = pressedAt;
  // The task after the frame runs when the frame is painted.
  requestAnimationFrame(() => {
    const painted = new MessageChannel();
    painted.port1.onmessage = () => samples.push(performance.now() - from);
    painted.port2.postMessage(undefined);
  });
}, true);

const root = document.getElementById('root');
if (root === null) throw new Error('#root is missing');
location.hash = `#/room/${ROOM_ID}`;
const chat = new Chat({
  user: ME,
  rest: new RestClient(server.fetch),
  db: await openLocalDatabase(databaseName(ME)),
  storage: new UserStorage(databaseName(ME)),
  socket: { url: 'ws://bench/ws', open: () => server.connect() },
  callbacks: { onSessionEnded: () => undefined, onConnectFailed: () => undefined, onOtherUser: () => undefined },
});
await chat.start();
createRoot(root).render(
  <ChatContext value={chat}>
    <Shell />
  </ChatContext>,
);
