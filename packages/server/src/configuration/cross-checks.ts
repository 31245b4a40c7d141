import { alternativesOf, TOPIC_KEYS, brokerSynonymsOf } from './table';
import { parseConnectionOverrides } from './connection-overrides';
import type { NodeValues } from './node-values';
import type { ConfigurationError } from './sources';

/** What only two values together can violate; the sentences are Kafka's. */
export const crossCheck = (values: NodeValues): readonly ConfigurationError[] => {
  const errors: ConfigurationError[] = [];
  const number = (name: string): number => Number(values.get(name));
  const require = (holds: boolean, key: string, message: string): void => {
    if (!holds) errors.push({ key, message: `${message} (${key} is ${String(values.get(key))})` });
  };
  const duration = (topicKey: string): number => effectiveDuration(values, topicKey);

  require(duration('segment.ms') >= 1, givenName(
    values,
    'log.roll.ms',
  ), 'log.roll.ms must be greater than or equal to 1');
  require(duration('segment.jitter.ms') >= 0, givenName(
    values,
    'log.roll.jitter.ms',
  ), 'log.roll.jitter.ms must be greater than or equal to 0');
  const retentionMs = duration('retention.ms');
  require(retentionMs >= 1 || retentionMs === -1, givenName(
    values,
    'log.retention.ms',
  ), 'log.retention.ms must be unlimited (-1) or, greater than or equal to 1');
  require(number('replica.fetch.wait.max.ms') <=
    number(
      'replica.lag.time.max.ms',
    ), 'replica.fetch.wait.max.ms', 'replica.fetch.wait.max.ms should always be less than or equal to replica.lag.time.max.ms to prevent frequent changes in ISR');
  require(number('replica.socket.timeout.ms') >=
    number(
      'replica.fetch.wait.max.ms',
    ), 'replica.fetch.wait.max.ms', 'replica.socket.timeout.ms should always be at least replica.fetch.wait.max.ms to prevent unnecessary socket timeouts');
  const queuedBytes = number('queued.max.request.bytes');
  require(queuedBytes <= 0 ||
    queuedBytes >=
      number(
        'socket.request.max.bytes',
      ), 'queued.max.request.bytes', 'queued.max.request.bytes must be larger or equal to socket.request.max.bytes');
  require(number('max.connections.per.ip') > 0 ||
    values.get('max.connections.per.ip.overrides') !==
      '', 'max.connections.per.ip', 'max.connections.per.ip can be set to zero only if max.connections.per.ip.overrides property is set.');
  const overrides = parseConnectionOverrides(String(values.get('max.connections.per.ip.overrides')));
  if (typeof overrides === 'string')
    errors.push({ key: 'max.connections.per.ip.overrides', message: overrides });
  require(number('broker.session.timeout.ms') >
    number(
      'broker.heartbeat.interval.ms',
    ), 'broker.session.timeout.ms', 'broker.session.timeout.ms must be larger than broker.heartbeat.interval.ms');
  return errors;
};

/** A duration that can be given in milliseconds, minutes or hours: the finest that is given, else the first default. */
export const effectiveDuration = (values: NodeValues, topicKey: string): number => {
  const synonyms = brokerSynonymsOf(topicKey);
  const chosen =
    synonyms.find(({ name }) => values.isGiven(name)) ??
    synonyms.find(({ name }) => values.get(name) !== null);
  if (chosen === undefined) return Number(TOPIC_KEYS.get(topicKey)?.default);
  const value = Number(values.get(chosen.name));
  return value < 0 ? -1 : value * chosen.factor;
};

const givenName = (values: NodeValues, name: string): string =>
  alternativesOf(name).find((alternative) => values.isGiven(alternative)) ?? name;
