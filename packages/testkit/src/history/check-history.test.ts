import type { AnomalyClass } from './anomaly';
import { checkHistory, summaryOf } from './check-history';
import { Scenario, polled, records, sent } from './scenario';

const scenario = (): Scenario => new Scenario();

const classesOf = (history: Scenario): readonly AnomalyClass[] =>
  checkHistory(history.events).anomalies.map(({ class: name }) => name);

/** One history for each class, and the values that it must be told of. */
const anomalous: readonly (readonly [name: string, AnomalyClass, readonly string[], Scenario])[] = [
  [
    'an acknowledged value that nobody read, although somebody read past it',
    ...(['lost-write', ['a']] as const),
    scenario().sends(0, 'x', 'a', 0).sends(0, 'x', 'b', 1).polls(1, 'x', '1:b'),
  ],
  [
    'a value of a transaction of unknown outcome, of which another value was read',
    ...(['lost-write', ['a']] as const),
    scenario()
      .does(0, 'info', records(sent('x', 'a', 0), sent('y', 'b', 0)))
      .sends(1, 'x', 'c', 1)
      .polls(2, 'y', '0:b')
      .polls(2, 'x', '1:c'),
  ],
  [
    'a value that was read although its sender was told that it failed',
    ...(['aborted-read', ['a']] as const),
    scenario().failsToSend(0, 'x', 'a').polls(1, 'x', '0:a'),
  ],
  [
    'a transaction that reads what it sent itself',
    ...(['precommitted-read', ['a']] as const),
    scenario().does(0, 'ok', records(sent('x', 'a', 0), polled('x', '0:a'))),
  ],
  [
    'a value that was sent to another log',
    ...(['unwritten-read', ['a']] as const),
    scenario().sends(0, 'x', 'a', 0).polls(1, 'x', '0:a').polls(1, 'y', '0:a'),
  ],
  [
    'a value at two offsets',
    ...(['duplicate', ['a']] as const),
    scenario().sends(0, 'x', 'a', 0).polls(1, 'x', '0:a', '1:a'),
  ],
  [
    'an acknowledged value at the end that nobody read',
    ...(['unseen', ['b']] as const),
    scenario().sends(0, 'x', 'a', 0).sends(0, 'x', 'b', 1).polls(1, 'x', '0:a'),
  ],
  [
    'an acknowledged value without an offset that nobody read',
    ...(['unseen', ['a']] as const),
    scenario().sends(0, 'x', 'a').sends(0, 'x', 'b').polls(1, 'x', '7:b'),
  ],
  [
    'two values that readers found at one offset',
    ...(['inconsistent-offsets', ['a', 'b']] as const),
    scenario().mayHaveSent(0, 'x', 'a').mayHaveSent(0, 'x', 'b').polls(1, 'x', '0:a').polls(2, 'x', '0:b'),
  ],
  [
    'a poll that goes back within itself',
    ...(['int-nonmonotonic-poll', ['b', 'a']] as const),
    scenario().sends(0, 'x', 'a', 0).sends(0, 'x', 'b', 1).polls(1, 'x', '1:b', '0:a'),
  ],
  [
    'a poll that goes back to before the one before it',
    ...(['nonmonotonic-poll', ['b', 'a']] as const),
    scenario().sends(0, 'x', 'a', 0).sends(0, 'x', 'b', 1).polls(1, 'x', '0:a', '1:b').polls(1, 'x', '0:a'),
  ],
  [
    'a poll that brings once more what the one before it brought last',
    ...(['nonmonotonic-poll', ['a', 'a']] as const),
    scenario().sends(0, 'x', 'a', 0).polls(1, 'x', '0:a').polls(1, 'x', '0:a'),
  ],
  [
    'a poll that leaves out what another one saw',
    ...(['int-poll-skip', ['a', 'c']] as const),
    scenario()
      .sends(0, 'x', 'a', 0)
      .sends(0, 'x', 'b', 1)
      .sends(0, 'x', 'c', 2)
      .polls(1, 'x', '0:a', '1:b', '2:c')
      .polls(2, 'x', '0:a', '2:c'),
  ],
  [
    'two polls of a process with something in between',
    ...(['poll-skip', ['a', 'c']] as const),
    scenario()
      .sends(0, 'x', 'a', 0)
      .sends(0, 'x', 'b', 1)
      .sends(0, 'x', 'c', 2)
      .polls(1, 'x', '0:a', '1:b', '2:c')
      .polls(2, 'x', '0:a')
      .polls(2, 'x', '2:c'),
  ],
  [
    'a transaction whose values are in another order',
    ...(['int-nonmonotonic-send', ['a', 'b']] as const),
    scenario()
      .does(0, 'ok', records(sent('x', 'a', 1), sent('x', 'b', 0)))
      .polls(1, 'x', '0:b', '1:a'),
  ],
  [
    'a value behind which its sender sent another one that came before it',
    ...(['nonmonotonic-send', ['a', 'b']] as const),
    scenario().sends(0, 'x', 'a', 1).sends(0, 'x', 'b', 0).polls(1, 'x', '0:b', '1:a'),
  ],
  [
    'the same of values whose offsets only the readers know',
    ...(['nonmonotonic-send', ['a', 'b']] as const),
    scenario().sends(0, 'x', 'a').sends(0, 'x', 'b').polls(1, 'x', '3:b', '4:a'),
  ],
];

test.each(anomalous)('the checker reports %s: %s', (_, name, values, { events }) => {
  const { anomalies } = checkHistory(events);
  expect(anomalies.map((anomaly) => [anomaly.class, anomaly.values])).toEqual([[name, values]]);
});

/** Histories that look odd and break no promise. */
const clean: readonly (readonly [name: string, Scenario])[] = [
  ['nothing at all', scenario()],
  [
    'values that are read in order, with gaps between the offsets',
    scenario().sends(0, 'x', 'a', 3).sends(0, 'x', 'b', 9).polls(1, 'x', '3:a').polls(1, 'x', '9:b'),
  ],
  [
    'values of unknown outcome, of which one is there, one is not, and one was never answered',
    scenario()
      .mayHaveSent(0, 'x', 'a')
      .mayHaveSent(0, 'x', 'b')
      .event('invoke', 0, records(sent('x', 'c')))
      .polls(1, 'x', '0:b', '1:c'),
  ],
  [
    'a value of unknown outcome that comes after what was sent later',
    scenario().mayHaveSent(0, 'x', 'a').sends(0, 'x', 'b', 0).polls(1, 'x', '0:b', '1:a'),
  ],
  ['a value that failed and is not there', scenario().failsToSend(0, 'x', 'a')],
  [
    'a process that starts again from the beginning',
    scenario()
      .sends(0, 'x', 'a', 0)
      .polls(1, 'x', '0:a')
      .does(1, 'ok', { kind: 'assign', logs: ['x'], from: 'beginning' })
      .polls(1, 'x', '0:a'),
  ],
  [
    'a process whose client crashed',
    scenario()
      .sends(0, 'x', 'a', 0)
      .polls(1, 'x', '0:a')
      .does(1, 'info', { kind: 'crash' })
      .polls(1, 'x', '0:a'),
  ],
  [
    'a log that is assigned again after it was not',
    scenario()
      .sends(0, 'x', 'a', 0)
      .polls(1, 'x', '0:a')
      .does(1, 'ok', { kind: 'assign', logs: ['y'], from: 'position' })
      .does(1, 'ok', { kind: 'assign', logs: ['x'], from: 'position' })
      .polls(1, 'x', '0:a'),
  ],
  [
    'a poll amid a rebalance',
    scenario()
      .sends(0, 'x', 'a', 0)
      .sends(0, 'x', 'b', 1)
      .does(1, 'ok', { kind: 'records', actions: [polled('x', '0:a', '1:b', '0:a')], rebalanced: ['x'] })
      .polls(1, 'x', '0:a'),
  ],
  [
    'a gap between sends of one process, where another one sent',
    scenario()
      .sends(0, 'x', 'a', 0)
      .sends(1, 'x', 'b', 1)
      .sends(0, 'x', 'c', 2)
      .polls(2, 'x', '0:a', '1:b', '2:c'),
  ],
];

test.each(clean)('the checker finds no fault with %s', (_, history) => {
  expect(classesOf(history)).toEqual([]);
});

test('where a subscriber goes on is its group’s to say', () => {
  const history = scenario()
    .sends(0, 'x', 'a', 0)
    .sends(0, 'x', 'b', 1)
    .does(1, 'ok', { kind: 'subscribe' })
    .polls(1, 'x', '0:a', '1:b')
    .polls(1, 'x', '0:a', '1:b');
  const report = checkHistory(history.events);
  expect(report.anomalies).toEqual([]);
  expect(summaryOf(report.tolerated)).toBe('1 nonmonotonic-poll');
});

test('what a workload does not promise is told apart from what it does', () => {
  const history = scenario().sends(0, 'x', 'a', 0).polls(1, 'x', '0:a', '1:a').sends(0, 'x', 'b', 2);
  const report = checkHistory(history.events, { tolerated: ['duplicate'] });
  expect(summaryOf(report.anomalies)).toBe('1 unseen');
  expect(summaryOf(report.tolerated)).toBe('1 duplicate');
});

test('the report counts what was sent and read', () => {
  const history = scenario()
    .sends(0, 'x', 'a', 0)
    .failsToSend(0, 'x', 'b')
    .mayHaveSent(0, 'x', 'c')
    .polls(1, 'x', '0:a');
  expect(checkHistory(history.events)).toMatchObject({ acknowledged: 1, failed: 1, indefinite: 1, read: 1 });
});

test('a history that cannot be one is a mistake of whoever wrote it', () => {
  const call = records();
  expect(() => checkHistory(scenario().event('ok', 0, call).events)).toThrow('had not asked');
  expect(() => checkHistory(scenario().event('invoke', 0, call).event('invoke', 0, call).events)).toThrow(
    'one thing at a time',
  );
  expect(() => checkHistory(scenario().sends(0, 'x', 'a').sends(0, 'x', 'a').events)).toThrow('unique');
});
