import type { Sample } from './figures';
import { figureOf, markdown, verdicts } from './report';
import type { Measured } from './run';
import { scenarios } from './scenarios';
import type { Scenario } from './scenarios';
import type { ServerName } from './servers/server';

const named = (name: string): Scenario => {
  const found = scenarios.find((scenario) => scenario.name === name);
  if (found === undefined) throw new Error(name);
  return found;
};
const measured = (scenario: string, server: ServerName, ...samples: Sample[]): Measured => ({
  ...{ scenario, server, samples, profiles: [], discarded: [], failure: undefined },
});

test('an aim is judged by the ratio of medians', () => {
  const results = [
    measured('produce-64k', 'floor', { cpuSecondsPerGb: 2 }, { cpuSecondsPerGb: 9 }, { cpuSecondsPerGb: 2 }),
    measured('produce-64k', 'kafkaesque', { cpuSecondsPerGb: 2.4, residentMib: 301 }),
  ];
  expect(verdicts(named('produce-64k'), results).map(({ value, isMet }) => [value, isMet])).toEqual([
    [1.2, true],
    [undefined, undefined],
    [301, false],
  ]);
});

test('an aim may compare with another scenario, and ask for more instead of less', () => {
  const results = [
    measured('durable-spread', 'kafkaesque', { cpuSecondsPerGb: 200 }),
    measured('durable-spread', 'kafka', { cpuSecondsPerGb: 400 }),
    measured('spread', 'kafka', { cpuSecondsPerGb: 250 }),
    measured('durable-produce-single', 'kafkaesque', { recordsPerSecond: 9000 }),
    measured('durable-produce-single', 'kafka', { recordsPerSecond: 1000 }),
  ];
  expect(verdicts(named('durable-spread'), results).map(({ value, isMet }) => [value, isMet])).toEqual([
    [0.5, false],
    [0.8, true],
  ]);
  expect(verdicts(named('durable-produce-single'), results)[0]).toMatchObject({ value: 9, isMet: false });
});

test('every aim names a scenario and a server that exist', () => {
  for (const scenario of scenarios)
    for (const { against } of scenario.aims) {
      if (against === undefined) continue;
      expect(named(against.scenario ?? scenario.name).servers).toContain(against.server);
    }
});

test('what was not measured is a dash, never a number', () => {
  const machine = { processor: 'P', cores: 2, memoryGib: 24, system: 'linux', node: '20', loadAverage: 0.5 };
  const text = markdown([named('start')], {
    ...{ machine, began: '2026-01-02T03:04:05Z', generator: 'own', seconds: 4 },
    measured: [{ ...measured('start', 'kafka'), failure: 'it did not start' }],
  });
  expect(text).toContain('| kafka | – | – | 0 | 0 |');
  expect(text).toContain('- start ms at most 700: not measured');
  expect(text).toContain('- kafka failed: it did not start');
  expect(figureOf([], 'start', 'kafka', 'startMs')).toBeUndefined();
});

test('profiles stand beside each other, small parts left out, the sum of all kept', () => {
  const machine = { processor: 'P', cores: 2, memoryGib: 24, system: 'linux', node: '20', loadAverage: 0.5 };
  const text = markdown([named('fetch')], {
    ...{ machine, began: '2026-01-02T03:04:05Z', generator: 'own', seconds: 4 },
    measured: [
      { ...measured('fetch', 'floor'), profiles: [{ CRC32C: 1 }, { CRC32C: 3 }, { CRC32C: 2 }] },
      { ...measured('fetch', 'kafkaesque'), profiles: [{ CRC32C: 2, '`storage`': 4, '`kernel`': 0.01 }] },
    ],
  });
  expect(text).toContain(
    [
      '| event loop, s/GB | floor | kafkaesque |',
      '| --- | --- | --- |',
      '| `storage` | 0.00 | 4.00 |',
      '| CRC32C | 2.00 | 2.00 |',
      '| everything | 2.00 | 6.01 |',
    ].join('\n'),
  );
});
