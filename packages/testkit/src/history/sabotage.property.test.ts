import fc from 'fast-check';
import type { AnomalyClass } from './anomaly';
import { checkHistory } from './check-history';
import type { Call, HistoryEvent, PolledRecord, RecordAction } from './history';
import { Scenario, records, sent } from './scenario';

const LOG = 'topic/0';

/** What happens in a run: a send with a certain fate, or a poll of so many records. */
const step = fc.oneof(
  fc.record({
    kind: fc.constant('send' as const),
    process: fc.nat(2),
    fate: fc.constantFrom('ok', 'ok', 'ok', 'fail', 'info-there', 'info-absent'),
    gap: fc.nat(2),
  }),
  fc.record({
    kind: fc.constant('poll' as const),
    process: fc.integer({ min: 3, max: 4 }),
    count: fc.nat(4),
  }),
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

const READER = 5;

/** The history of a log that keeps every promise, with at least three acknowledged values; in the end one process reads all of it. */
const historyOf = (steps: readonly Step[]): readonly HistoryEvent[] => {
  const scenario = new Scenario();
  const log: PolledRecord[] = [];
  const positions = new Map<number, number>();
  let offset = 0;
  let next = 0;
  const append = (value: string, gap: number): number => {
    offset += 1 + gap;
    log.push({ offset, value });
    return offset;
  };
  const send = ({ process, fate, gap }: Extract<Step, { kind: 'send' }>): void => {
    const value = `v${next++}`;
    if (fate === 'ok') scenario.sends(process, LOG, value, append(value, gap));
    else if (fate === 'fail') scenario.failsToSend(process, LOG, value);
    else {
      if (fate === 'info-there') append(value, gap);
      scenario.mayHaveSent(process, LOG, value);
    }
  };
  const poll = (process: number, count: number): void => {
    const from = positions.get(process) ?? 0;
    const polled = log.slice(from, from + count);
    positions.set(process, from + polled.length);
    scenario.does(process, 'ok', records({ kind: 'poll', log: LOG, records: polled }));
  };
  for (const one of steps)
    if (one.kind === 'send') send(one);
    else poll(one.process, one.count);
  for (let i = 0; i < 3; i++) send({ kind: 'send', process: 0, fate: 'ok', gap: 0 });
  while ((positions.get(READER) ?? 0) < log.length) poll(READER, 3);
  return scenario.events;
};

/** Replaces parts of operations where they are completed. */
const changed = (
  history: readonly HistoryEvent[],
  change: (action: RecordAction, event: HistoryEvent) => RecordAction,
): readonly HistoryEvent[] =>
  history.map((event): HistoryEvent => {
    if (event.type === 'invoke' || event.call.kind !== 'records') return event;
    const call: Call = { ...event.call, actions: event.call.actions.map((action) => change(action, event)) };
    return { ...event, call };
  });

const changedPolls = (
  history: readonly HistoryEvent[],
  change: (polled: readonly PolledRecord[], process: number) => readonly PolledRecord[],
): readonly HistoryEvent[] =>
  changed(history, (action, { process }) =>
    action.kind === 'poll' ? { ...action, records: change(action.records, process) } : action,
  );

const acknowledgedIn = (history: readonly HistoryEvent[]): readonly Required<PolledRecord>[] =>
  history.flatMap(({ type, call }) =>
    type !== 'ok' || call.kind !== 'records'
      ? []
      : call.actions.flatMap((action) =>
          action.kind === 'send' && action.offset !== undefined
            ? [{ offset: action.offset, value: action.value }]
            : [],
        ),
  );

/** Breaks one promise of a clean history, at a place drawn by chance. */
interface Sabotage {
  readonly what: string;
  readonly reported: readonly AnomalyClass[];
  readonly apply: (history: readonly HistoryEvent[], draw: number) => readonly HistoryEvent[];
}

const pick = <Item>(items: readonly Item[], draw: number): Item => {
  const item = items[draw % items.length];
  if (item === undefined) throw new Error('there is nothing to choose from');
  return item;
};

const sabotages: readonly Sabotage[] = [
  {
    what: 'an acknowledged record is dropped',
    reported: ['lost-write', 'unseen'],
    apply: (history, draw) => {
      const { value } = pick(acknowledgedIn(history), draw);
      return changedPolls(history, (polled) => polled.filter((record) => record.value !== value));
    },
  },
  {
    what: 'a record is there once more at the end',
    reported: ['duplicate'],
    apply: (history, draw) => {
      const acknowledged = acknowledgedIn(history);
      const { value } = pick(acknowledged, draw);
      const lastOffset = acknowledged.at(-1)?.offset ?? 0;
      return changedPolls(history, (polled) =>
        polled.at(-1)?.offset === lastOffset ? [...polled, { offset: lastOffset + 1, value }] : polled,
      );
    },
  },
  {
    what: 'two acknowledged records are swapped on the disk',
    reported: ['inconsistent-offsets'],
    apply: (history, draw) => {
      const acknowledged = acknowledgedIn(history);
      const [one, other] = [pick(acknowledged, draw), pick(acknowledged, draw + 1)];
      return changedPolls(history, (polled) =>
        polled.map(({ offset, value }) => ({
          offset,
          value: value === one.value ? other.value : value === other.value ? one.value : value,
        })),
      );
    },
  },
  {
    what: 'a record is another one than was sent',
    reported: ['unwritten-read'],
    apply: (history, draw) => {
      const { value } = pick(acknowledgedIn(history), draw);
      return changedPolls(history, (polled) =>
        polled.map((record) => (record.value === value ? { ...record, value: 'damaged' } : record)),
      );
    },
  },
  {
    what: 'the sender of a record that is there is told that it failed',
    reported: ['aborted-read'],
    apply: (history, draw) => {
      const { value } = pick(acknowledgedIn(history), draw);
      return history.map((event): HistoryEvent => {
        const [action] = event.call.kind === 'records' ? event.call.actions : [];
        return event.type === 'ok' && action?.kind === 'send' && action.value === value
          ? { ...event, type: 'fail', call: records(sent(LOG, value)) }
          : event;
      });
    },
  },
  {
    what: 'the reader is brought something twice',
    reported: ['int-nonmonotonic-poll'],
    apply: (history, draw) => {
      const { value } = pick(acknowledgedIn(history), draw);
      return changedPolls(history, (polled, process) =>
        process === READER
          ? polled.flatMap((record) => (record.value === value ? [record, record] : [record]))
          : polled,
      );
    },
  },
  {
    what: 'the reader skips something amid the log',
    reported: ['int-poll-skip', 'poll-skip', 'lost-write'],
    apply: (history, draw) => {
      const { value } = pick(acknowledgedIn(history).slice(1, -1), draw);
      return changedPolls(history, (polled, process) =>
        process === READER ? polled.filter((record) => record.value !== value) : polled,
      );
    },
  },
  {
    what: 'two records of one sender are in the other order, and everybody is told so',
    reported: ['nonmonotonic-send'],
    apply: (history) => {
      const [one, other] = acknowledgedIn(history).slice(-2);
      const swapped = new Map([
        [one?.value, other],
        [other?.value, one],
      ]);
      const moved = changed(history, (action) =>
        action.kind === 'send' && swapped.has(action.value)
          ? sent(LOG, action.value, swapped.get(action.value)?.offset)
          : action,
      );
      return changedPolls(moved, (polled) =>
        polled.map((record) => ({ ...record, value: swapped.get(record.value)?.value ?? record.value })),
      );
    },
  },
];

const steps = fc.array(step, { maxLength: 40 });

test('the history of a log that keeps its promises is clean', () => {
  fc.assert(
    fc.property(steps, (drawn) => {
      expect(checkHistory(historyOf(drawn)).anomalies).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test.each(sabotages.map((one) => [one.what, one] as const))(
  'the checker reports it when %s',
  (_, { reported, apply }) => {
    fc.assert(
      fc.property(steps, fc.nat(1000), (drawn, draw) => {
        const { anomalies } = checkHistory(apply(historyOf(drawn), draw));
        const found = anomalies.filter(({ class: name }) => reported.includes(name));
        expect(found.length).toBeGreaterThan(0);
      }),
      { numRuns: 200 },
    );
  },
);
