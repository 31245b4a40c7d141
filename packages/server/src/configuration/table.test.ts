import type { ConfigurationKey } from './key';
import { NODE_KEYS, TOPIC_KEYS, alternativesOf, brokerSynonymsOf } from './table';
import { defaultValue, parseValue, shown } from './value';

const all: readonly (readonly [string, ConfigurationKey])[] = [...NODE_KEYS, ...TOPIC_KEYS];

test('every name of Kafka 4.3 is known', () => {
  // The rates of throttles Kafka knows only as dynamic ones, beside its 360.
  const kafkas = (keys: typeof NODE_KEYS): number =>
    [...keys.values()].filter((key) => key.origin === 'kafka').length;
  expect(kafkas(NODE_KEYS)).toBe(363);
  expect(kafkas(TOPIC_KEYS)).toBe(34);
});

test('every default satisfies its own type', () => {
  for (const [name, key] of all) {
    if (key.default !== null) expect(defaultValue(name, key)).not.toBeNull();
  }
});

test('every default satisfies its own check, except lists that must be given and are not', () => {
  const wrong = all.filter(
    ([name, key]) => key.default !== null && parseValue(name, key, key.default).kind === 'wrong',
  );
  expect(wrong.map(([name]) => name)).toEqual([]);
});

test('every sentence is one, and ends', () => {
  for (const [, key] of all) expect(key.sentence).toMatch(/^[^\n]{15,110}\.$/);
});

test('every topic key that has a synonym has one of its own type', () => {
  for (const [name, key] of TOPIC_KEYS) {
    const [first] = brokerSynonymsOf(name);
    if (first !== undefined) expect(NODE_KEYS.get(first.name)?.type).toBe(key.type);
  }
});

test('coarser units stand in for finer ones, not the other way round', () => {
  expect(alternativesOf('log.retention.ms')).toEqual([
    'log.retention.ms',
    'log.retention.minutes',
    'log.retention.hours',
  ]);
  expect(alternativesOf('log.retention.hours')).toEqual(['log.retention.hours']);
  expect(alternativesOf('num.partitions')).toEqual(['num.partitions']);
});

test('what is shown stays on its line and is not endless', () => {
  expect(shown('a\nb\u0000\u2028')).toBe('a\\u000ab\\u0000\\u2028');
  expect(shown('x'.repeat(10_000)).length).toBeLessThan(400);
});
