import { describe, expect, test } from 'vitest';
import type { Message } from '../../protocol/types';
import { NetworkError } from '../../transport/errors';
import type { MessagePage } from '../../transport/rest';
import { message } from '../../test/fixtures';
import { visibleTimeline, HistoryView, type HistoryRange } from './history';
import { Store } from '../store';
import { applyEvent, emptyTimeline, type Timeline } from './timeline';

const seqs = (messages: readonly Message[]) => messages.map(({ seq }) => seq);
const run = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => message(from + i));

/** A room of 300 messages of which the last 50 are loaded; pages have 20. */
function room({ last = 300 } = {}) {
  const timeline = new Store<Timeline>(
    applyEvent(emptyTimeline(1), { type: 'opened', messages: run(251, last), to: last, epoch: 'e1' }),
  );
  const asked: string[] = [];
  let away = false;
  const page = (name: string, from: number, to: number, hasMore: boolean): MessagePage => {
    asked.push(name);
    if (away) throw new NetworkError();
    return { messages: run(Math.max(1, from), Math.min(300, to)), head: 300, hasMore };
  };
  const history = new HistoryView(timeline, {
    around: async (seq) => page(`around ${seq}`, seq - 10, seq + 9, seq > 10),
    before: async (seq) => page(`before ${seq}`, seq - 20, seq - 1, seq > 21),
    after: async (seq) => page(`after ${seq}`, seq + 1, seq + 20, seq + 20 < 300),
  }, ({ messages, hasOlder }: HistoryRange) => timeline.update((t) => applyEvent(t, { type: 'older', messages, hasMore: hasOlder })));
  timeline.subscribe(() => history.onTimelineChange());
  const shown = () => seqs(visibleTimeline(timeline.getSnapshot(), history.view.getSnapshot()).messages);
  return { timeline, history, asked, shown, goAway: (gone: boolean) => (away = gone) };
}

describe('a message to show', () => {
  test('is shown in the timeline if it is loaded', async () => {
    const { history, asked } = room();
    await history.show(270);
    expect(history.view.getSnapshot()).toEqual({ kind: 'present', visit: 1, target: 270 });
    expect(asked).toEqual([]);
  });

  test('is shown in a range that grows in both directions', async () => {
    const { history, shown } = room();
    await history.show(100);
    expect(shown()).toEqual(seqs(run(90, 109)));
    await history.loadOlder();
    await history.loadNewer();
    expect(shown()).toEqual(seqs(run(70, 129)));
    expect(history.view.getSnapshot()).toMatchObject({ kind: 'past', visit: 1, past: { hasOlder: true } });
  });

  test('is merged into the timeline when its range reaches it, in the same visit', async () => {
    const { history, timeline, shown } = room();
    await history.show(225);
    await history.loadNewer();
    expect(history.view.getSnapshot()).toEqual({ kind: 'present', visit: 1, target: 225 });
    expect(shown()).toEqual(seqs(run(215, 300)));
    expect(timeline.getSnapshot().hasOlder).toBe(true);
  });

  test('is awaited if it is newer than the timeline', async () => {
    const { history, timeline, asked } = room({ last: 290 });
    await history.show(295);
    expect(history.view.getSnapshot().kind).toBe('seeking');
    timeline.update((t) => applyEvent(t, { type: 'opened', messages: run(251, 300), to: 300, epoch: 'e1' }));
    expect(history.view.getSnapshot()).toEqual({ kind: 'present', visit: 1, target: 295 });
    expect(asked).toEqual([]);
  });

  test('can be requested again after a failure', async () => {
    const { history, goAway } = room();
    goAway(true);
    await history.show(100);
    expect(history.view.getSnapshot()).toMatchObject({ kind: 'failed', target: 100 });
    goAway(false);
    await history.show(100);
    expect(history.view.getSnapshot().kind).toBe('past');
  });

  test('is not shown if the user has returned to the latest messages', async () => {
    const { history } = room();
    const seeking = history.show(100);
    history.showLatest();
    await seeking;
    expect(history.view.getSnapshot().kind).toBe('present');
  });
});

describe('the range', () => {
  test('applies changes of its messages, but no older ones', async () => {
    const { history, timeline } = room();
    await history.show(100);
    const text = () => visibleTimeline(timeline.getSnapshot(), history.view.getSnapshot()).messages.find(({ seq }) => seq === 100)?.text;
    history.onMessageChange(message(100, { changeSeq: 301, text: 'edited' }));
    expect(text()).toBe('edited');
    history.onMessageChange(message(100, { changeSeq: 299, text: 'late news' }));
    expect(text()).toBe('edited');
  });

  test('shows no outgoing messages', async () => {
    const { history, timeline } = room();
    timeline.update((t) => applyEvent(t, { type: 'queued', outgoing: [{ kind: 'pending', cid: 'a', text: 'x', createdAt: '' }] }));
    await history.show(100);
    expect(visibleTimeline(timeline.getSnapshot(), history.view.getSnapshot()).outgoing).toEqual([]);
  });

  test('a failed page of newer messages is requested again only by the user', async () => {
    const { history, goAway, shown } = room();
    await history.show(100);
    goAway(true);
    await history.loadNewer();
    expect(history.newer.getSnapshot().kind).toBe('failed');
    goAway(false);
    await history.loadNewer();
    expect(shown().at(-1)).toBe(129);
  });
});
