import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkPartition } from './acknowledged';
import { History } from './history';
import type { KnownTopic } from './topic-states';

const steady: KnownTopic = {
  name: 'steady',
  partitions: 2,
  keepsBytes: undefined,
  state: { kind: 'live', topicId: 'S' },
};
const value = { producer: 'p', sequence: 1, isIdempotent: true };
const other = { producer: 'p', sequence: 2, isIdempotent: true };

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'history-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('a history goes on where its file ends, also when the last line was cut short', () => {
  const file = join(directory, 'history');
  const first = new History(file);
  first.note(steady);
  first.acknowledge('S', 0, 0, value);
  first.observe('S', 0, {
    logStartOffset: 0,
    highWatermark: 2,
    sizeBytes: 10,
    records: [
      { offset: 0, value },
      { offset: 1, value: other },
    ],
  });
  first.observe('S', 1, { logStartOffset: 7, highWatermark: 7, sizeBytes: 0, records: [] });
  first.endRound(3, 'clean');
  first.beginRound();
  expect(first.lastRound.ending).toBe('clean');
  appendFileSync(file, '[2,"S",0,"p');
  const second = new History(file);
  expect(second.topics).toEqual([steady]);
  expect(second.lastRound).toMatchObject({ round: 3, ending: 'killed' });
  expect(second.acknowledged).toBe(1);
  for (const partition of [0, 1])
    expect(second.of(steady, 'S', partition)).toEqual(first.of(steady, 'S', partition));
  expect(second.of(steady, 'S', 0).facts).toHaveLength(2);
  expect(second.of(steady, 'S', 1).logStartOffset).toBe(7);
});

test('an acknowledgement of what was read before counts as one, and later facts do not change what was asked for', () => {
  const history = new History();
  history.observe('S', 0, {
    logStartOffset: 0,
    highWatermark: 1,
    sizeBytes: 1,
    records: [{ offset: 0, value }],
  });
  const before = history.of(steady, 'S', 0);
  history.acknowledge('S', 0, 0, value);
  history.acknowledge('S', 0, 1, other);
  expect(before.facts).toEqual([{ offset: 0, value, source: 'read' }]);
  expect(history.of(steady, 'S', 0).facts.map(({ source }) => source)).toEqual([
    'acknowledged',
    'acknowledged',
  ]);
});

test('two facts about one offset contradict each other', () => {
  const history = new History();
  history.acknowledge('S', 0, 0, value);
  history.acknowledge('S', 0, 0, other);
  const reading = { logStartOffset: 0, highWatermark: 1, sizeBytes: 1, records: [{ offset: 0, value }] };
  expect(checkPartition(history.of(steady, 'S', 0), reading).violations.map(({ kind }) => kind)).toEqual([
    'changed',
  ]);
});
