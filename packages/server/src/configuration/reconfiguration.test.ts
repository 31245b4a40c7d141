import type { BrokerLayers } from './layers';
import { readConfiguration } from './read';
import { validateReconfiguration } from './reconfiguration';

const layersOf = (
  file = '',
  dynamicBroker: Readonly<Record<string, string>> = {},
  dynamicDefault: Readonly<Record<string, string>> = {},
): BrokerLayers => {
  const outcome = readConfiguration({ file });
  if (outcome.kind === 'invalid') throw new Error(outcome.errors[0]?.message);
  return {
    configuration: outcome.configuration,
    dynamicBroker: new Map(Object.entries(dynamicBroker)),
    dynamicDefault: new Map(Object.entries(dynamicDefault)),
    brokerCount: 1,
  };
};

const refusal = (
  changes: Readonly<Record<string, string | null>>,
  layers = layersOf(),
  scope: 'broker' | 'cluster' = 'cluster',
): string | undefined => validateReconfiguration(new Map(Object.entries(changes)), scope, layers);

test.each([
  [{ 'node.id': '3', 'log.dirs': '/x' }, 'Cannot update these configs dynamically: [node.id, log.dirs]'],
  [{ listeners: 'X://:1' }, 'Cannot update these configs dynamically: [listeners]'],
  [
    { 'sasl.jaas.config': 'x' },
    'Cannot update these configs at default cluster level, broker id must be specified: [sasl.jaas.config]',
  ],
  [
    { 'ssl.keystore.password': 'x' },
    'These security configs can be dynamically updated only per-listener using the listener prefix: [ssl.keystore.password]',
  ],
  [
    { 'log.retention.ms': 'x' },
    'Invalid value x for configuration log.retention.ms: Not a number of type LONG',
  ],
  [
    { 'log.retention.ms': '0' },
    'requirement failed: log.retention.ms must be unlimited (-1) or, greater than or equal to 1',
  ],
  [
    { 'group.consumer.assignment.interval.ms': '99999' },
    'group.consumer.assignment.interval.ms must be less than or equal to group.consumer.max.assignment.interval.ms',
  ],
  [{ 'cordoned.log.dirs': '/elsewhere' }, 'broker id must be specified: [cordoned.log.dirs]'],
  [
    { 'log.cleaner.threads': '0' },
    'Log cleaner threads should be at least 1 for configuration Invalid dynamic configuration',
  ],
  [{ 'listener.name.ext.max.connections': '0' }, 'ConfigException: Invalid max.connections 0 for'],
  [
    { 'listener.name.ext.max.connection.creation.rate': 'x' },
    'Invalid value x for configuration max.connection.creation.rate: Not a number of type INT',
  ],
])('%p is refused', (changes, message) => {
  expect(refusal(changes)).toContain(message);
});

test('what no key names, and what a listener has of its own, may be set', () => {
  expect(
    refusal({ mine: 'x', 'listener.name.ext.ssl.keystore.location': '/x' }, layersOf(), 'broker'),
  ).toBeUndefined();
});

test('a listener may have limits of its own', () => {
  expect(
    refusal({
      'listener.name.ext.max.connections': '7',
      'listener.name.ext.max.connection.creation.rate': '8',
    }),
  ).toBeUndefined();
});

test('a value counts beside what is set already, in whichever layer', () => {
  const local = { 'log.local.retention.ms': '5000' };
  expect(refusal(local)).toBeUndefined();
  expect(refusal(local, layersOf('log.retention.ms=4000'))).toContain(
    'not be more than log.retention.ms property value: 4000',
  );
  // A value of this broker's own hides what is set for all.
  expect(refusal({ 'log.retention.ms': '0' }, layersOf('', { 'log.retention.ms': '7' }))).toBeUndefined();
  // What is taken away uncovers what lies below.
  const covered = layersOf(
    'log.retention.ms=4000',
    { 'log.retention.ms': '9000' },
    { 'log.local.retention.ms': '5000' },
  );
  expect(refusal({ 'log.retention.ms': null }, covered, 'broker')).toContain('property value: 4000');
});

test('pools of threads change by half and by double at most', () => {
  const layers = layersOf('num.io.threads=9');
  const outcomes = ['3', '4', '18', '19'].map(
    (value) => refusal({ 'num.io.threads': value }, layers) === undefined,
  );
  expect(outcomes).toEqual([false, true, true, false]);
});
