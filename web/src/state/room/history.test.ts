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
  const lookback = new HistoryView(timeline, {
    around: async (seq) => page(`around ${seq}`, seq - 10, seq + 9, seq > 10),
    before: async (seq) => page(`before ${seq}`, seq - 20, seq - 1, seq > 21),
    after: async (seq) => page(`after ${seq}`, seq + 1, seq + 20, seq + 20 < 300),
  }, ({ messages, hasOlder }: HistoryRange) => timeline.update((t) => applyEvent(t, { type: 'older', messages, hasMore: hasOlder })));
  timeline.subscribe(() => lookback.onTimelineChange());
  const shown = () => seqs(visibleTimeline(timeline.getSnapshot(), lookback.view.getSnapshot()).messages);
  return { timeline, lookback, asked, shown, goAway: (gone: boolean) => (away = gone) };
}

describe('a message that is looked for', () => {
  test('is shown in the timeline where it is loaded', async () => {
    const { lookback, asked } = room();
    await lookback.show(270);
    expect(lookback.view.getSnapshot()).toEqual({ kind: 'present', visit: 1, target: 270 });
    expect(asked).toEqual([]);
  });

  test('is shown among those around it, which grow both ways', async () => {
    const { lookback, shown } = room();
    await lookback.show(100);
    expect(shown()).toEqual(seqs(run(90, 109)));
    await lookback.loadOlder();
    await lookback.loadNewer();
    expect(shown()).toEqual(seqs(run(70, 129)));
    expect(lookback.view.getSnapshot()).toMatchObject({ kind: 'past', visit: 1, past: { hasOlder: true } });
  });

  test('joins the timeline where its run meets it, in the same visit', async () => {
    const { lookback, timeline, shown } = room();
    await lookback.show(225);
    await lookback.loadNewer();
    expect(lookback.view.getSnapshot()).toEqual({ kind: 'present', visit: 1, target: 225 });
    expect(shown()).toEqual(seqs(run(215, 300)));
    expect(timeline.getSnapshot().hasOlder).toBe(true);
  });

  test('waits for the room where it is newer than all that is known', async () => {
    const { lookback, timeline, asked } = room({ last: 290 });
    await lookback.show(295);
    expect(lookback.view.getSnapshot().kind).toBe('seeking');
    timeline.update((t) => applyEvent(t, { type: 'opened', messages: run(251, 300), to: 300, epoch: 'e1' }));
    expect(lookback.view.getSnapshot()).toEqual({ kind: 'present', visit: 1, target: 295 });
    expect(asked).toEqual([]);
  });

  test('that does not come is told, and can be looked for again', async () => {
    const { lookback, goAway } = room();
    goAway(true);
    await lookback.show(100);
    expect(lookback.view.getSnapshot()).toMatchObject({ kind: 'failed', target: 100 });
    goAway(false);
    await lookback.show(100);
    expect(lookback.view.getSnapshot().kind).toBe('past');
  });

  test('is not shown when somebody has gone back to the present meanwhile', async () => {
    const { lookback } = room();
    const seeking = lookback.show(100);
    lookback.showLatest();
    await seeking;
    expect(lookback.view.getSnapshot().kind).toBe('present');
  });
});

describe('the past', () => {
  test('changes when a message of it does, and never backwards', async () => {
    const { lookback, timeline } = room();
    await lookback.show(100);
    const text = () => visibleTimeline(timeline.getSnapshot(), lookback.view.getSnapshot()).messages.find(({ seq }) => seq === 100)?.text;
    lookback.onMessageChange(message(100, { changeSeq: 301, text: 'edited' }));
    expect(text()).toBe('edited');
    lookback.onMessageChange(message(100, { changeSeq: 299, text: 'late news' }));
    expect(text()).toBe('edited');
  });

  test('shows nothing that is on its way', async () => {
    const { lookback, timeline } = room();
    timeline.update((t) => applyEvent(t, { type: 'queued', outgoing: [{ kind: 'pending', cid: 'a', text: 'x', createdAt: '' }] }));
    await lookback.show(100);
    expect(visibleTimeline(timeline.getSnapshot(), lookback.view.getSnapshot()).outgoing).toEqual([]);
  });

  test('a later page that fails is asked for when a person wants it', async () => {
    const { lookback, goAway, shown } = room();
    await lookback.show(100);
    goAway(true);
    await lookback.loadNewer();
    expect(lookback.newer.getSnapshot().kind).toBe('failed');
    goAway(false);
    await lookback.loadNewer();
    expect(shown().at(-1)).toBe(129);
  });
});
