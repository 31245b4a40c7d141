import { alternativesOf, TOPIC_KEYS, brokerSynonymsOf } from './table';
import { parseConnectionOverrides } from './connection-overrides';
import type { NodeValues } from './node-values';
import type { ConfigurationError } from './sources';
import { itemsOf, shown } from './value';

/** Values of the node's keys, wherever they come from. */
export type KeyValues = Pick<NodeValues, 'get' | 'isGiven'>;

/** What two values together violate; the sentence is Kafka's. */
export interface Violation {
  readonly key: string;
  readonly sentence: string;
  /** Kafka checks it with `require`, which puts words before the sentence. */
  readonly isRequirement: boolean;
}

/** What only two values together can violate, as errors of a start. */
export const crossCheck = (values: KeyValues): readonly ConfigurationError[] =>
  violationsOf(values).map(({ key, sentence }) => ({
    key,
    message: key === OVERRIDES ? sentence : `${sentence} (${key} is ${shown(String(values.get(key)))})`,
  }));

const OVERRIDES = 'max.connections.per.ip.overrides';

/** What only two values together can violate. */
export const violationsOf = (values: KeyValues): readonly Violation[] => {
  const violations: Violation[] = [];
  const demand = (holds: boolean, key: string, sentence: string): void => {
    if (!holds) violations.push({ key, sentence, isRequirement: true });
  };
  demandDurations(values, demand);
  demandReplication(values, demand);
  demandRoom(values, demand);
  const overrides = parseConnectionOverrides(String(values.get(OVERRIDES)));
  if (typeof overrides === 'string')
    violations.push({ key: OVERRIDES, sentence: overrides, isRequirement: false });
  return [...violations, ...groupViolations(values)];
};

type Demand = (holds: boolean, key: string, sentence: string) => void;

const numberOf = (values: KeyValues, name: string): number => Number(values.get(name));

const demandDurations = (values: KeyValues, demand: Demand): void => {
  const duration = (topicKey: string): number => effectiveDuration(values, topicKey);
  const given = (name: string): string =>
    alternativesOf(name).find((alternative) => values.isGiven(alternative)) ?? name;
  demand(duration('segment.ms') >= 1, given('log.roll.ms'), 'log.roll.ms must be greater than or equal to 1');
  demand(
    duration('segment.jitter.ms') >= 0,
    given('log.roll.jitter.ms'),
    'log.roll.jitter.ms must be greater than or equal to 0',
  );
  const retentionMs = duration('retention.ms');
  demand(
    retentionMs >= 1 || retentionMs === -1,
    given('log.retention.ms'),
    'log.retention.ms must be unlimited (-1) or, greater than or equal to 1',
  );
};

const demandReplication = (values: KeyValues, demand: Demand): void => {
  const number = (name: string): number => numberOf(values, name);
  demand(
    number('replica.fetch.wait.max.ms') <= number('replica.lag.time.max.ms'),
    'replica.fetch.wait.max.ms',
    'replica.fetch.wait.max.ms should always be less than or equal to replica.lag.time.max.ms to prevent frequent changes in ISR',
  );
  demand(
    number('replica.socket.timeout.ms') >= number('replica.fetch.wait.max.ms'),
    'replica.fetch.wait.max.ms',
    'replica.socket.timeout.ms should always be at least replica.fetch.wait.max.ms to prevent unnecessary socket timeouts',
  );
  demand(
    number('broker.session.timeout.ms') > number('broker.heartbeat.interval.ms'),
    'broker.session.timeout.ms',
    'broker.session.timeout.ms must be larger than broker.heartbeat.interval.ms',
  );
};

const demandRoom = (values: KeyValues, demand: Demand): void => {
  const number = (name: string): number => numberOf(values, name);
  const queuedBytes = number('queued.max.request.bytes');
  demand(
    queuedBytes <= 0 || queuedBytes >= number('socket.request.max.bytes'),
    'queued.max.request.bytes',
    'queued.max.request.bytes must be larger or equal to socket.request.max.bytes',
  );
  demand(
    number('max.connections.per.ip') > 0 || values.get(OVERRIDES) !== '',
    'max.connections.per.ip',
    `max.connections.per.ip can be set to zero only if ${OVERRIDES} property is set.`,
  );
  const cleaners = Math.max(1, number('log.cleaner.threads'));
  demand(
    Math.trunc(number('log.cleaner.dedupe.buffer.size') / cleaners) > 1 << 20,
    'log.cleaner.dedupe.buffer.size',
    'log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread.',
  );
  const directories = itemsOf(values.get('log.dirs') ?? values.get('log.dir'));
  const missing = itemsOf(values.get('cordoned.log.dirs')).filter(
    (directory) => directory !== '*' && !directories.includes(directory),
  );
  demand(
    missing.length === 0,
    'cordoned.log.dirs',
    `All entries in cordoned.log.dirs must be present in log.dirs or log.dir. Missing entries : ${shown(missing.join(', '))}`,
  );
};

/** What each kind of group has a least and a most of. */
const BOUNDED = {
  consumer: ['heartbeat.interval.ms', 'session.timeout.ms', 'assignment.interval.ms'],
  share: [
    'heartbeat.interval.ms',
    'session.timeout.ms',
    'assignment.interval.ms',
    'record.lock.duration.ms',
    'delivery.count.limit',
    'partition.max.record.locks',
  ],
  streams: ['heartbeat.interval.ms', 'session.timeout.ms', 'assignment.interval.ms'],
} as const;

const groupViolations = (values: KeyValues): readonly Violation[] => {
  const violations: Violation[] = [];
  const demand = (key: string, relation: 'at least' | 'at most' | 'below', other: string): void => {
    const [value, bound] = [numberOf(values, key), numberOf(values, other)];
    const holds =
      relation === 'at least' ? value >= bound : relation === 'at most' ? value <= bound : value < bound;
    if (!holds)
      violations.push({
        key,
        sentence: `${key} must be ${RELATIONS[relation]} ${other}`,
        isRequirement: false,
      });
  };
  for (const [kind, keys] of Object.entries(BOUNDED)) {
    for (const key of keys) {
      const [value, min, max] = [
        `group.${kind}.${key}`,
        `group.${kind}.min.${key}`,
        `group.${kind}.max.${key}`,
      ];
      demand(max, 'at least', min);
      demand(value, 'at least', min);
      demand(value, 'at most', max);
    }
    demand(`group.${kind}.heartbeat.interval.ms`, 'below', `group.${kind}.session.timeout.ms`);
  }
  demand('group.streams.num.standby.replicas', 'at most', 'group.streams.max.standby.replicas');
  return violations;
};

const RELATIONS = {
  'at least': 'greater than or equal to',
  'at most': 'less than or equal to',
  below: 'less than',
} as const;

/** A duration that can be given in milliseconds, minutes or hours: the finest that is given, else the first default. */
export const effectiveDuration = (values: KeyValues, topicKey: string): number => {
  const synonyms = brokerSynonymsOf(topicKey);
  const chosen =
    synonyms.find(({ name }) => values.isGiven(name)) ??
    synonyms.find(({ name }) => values.get(name) !== null);
  if (chosen === undefined) return Number(TOPIC_KEYS.get(topicKey)?.default);
  const value = Number(values.get(chosen.name));
  return value < 0 ? -1 : value * chosen.factor;
};
