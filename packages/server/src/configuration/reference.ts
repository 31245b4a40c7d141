import type { Check, ConfigurationKey, UpdateMode } from './key';
import { CLIENT_METRICS_KEYS, GROUP_KEYS, NODE_KEYS, TOPIC_KEYS, brokerSynonymsOf } from './table';

const UPDATES: Readonly<Record<UpdateMode, string>> = {
  'read-only': 'at start',
  'per-broker': 'running, per broker',
  'cluster-wide': 'running',
};

const INTRODUCTION = `# Configuration reference

Made from the table of keys (\`npm run docs\`); a test fails when it is out of date.

A key is set in \`server.properties\`, by \`--override key=value\`, or by a variable: \`log.retention.hours\` is
\`KAFKA_LOG_RETENTION_HOURS\`. What can change while a node runs is set with \`kafka-configs\`, for one broker or for all; it is
kept in the metadata and holds after a restart. A value comes from the first of: the topic, the broker, all brokers, the file,
the default.

**Changes** says when a change takes effect. **—** in that column: the key is known, its value is checked, so that the
files of a Kafka cluster start this one unchanged, and it changes nothing in this release. Keys in *italics* are not Kafka's.
Three keys of brokers are listed only where they are set: \`leader.replication.throttled.rate\` and
\`follower.replication.throttled.rate\`, bytes a second for the topics' throttled replicas that are not in sync, which
\`kafka-reassign-partitions --throttle\` sets, and \`replica.alter.log.dirs.io.max.bytes.per.second\` for replicas that move
between the log directories of a broker, which \`--replica-alter-log-dirs-throttle\` sets.
A default that is *at most the number of brokers* is 1 on a single node, which therefore needs no settings.
`;

/** The reference of all keys that are shown to users, as Markdown. */
export const configurationReference = (): string =>
  [
    INTRODUCTION,
    '## Topics\n',
    'Set with `kafka-topics --config` or `kafka-configs`; takes effect at once.\n',
    table(
      ['key', 'type', 'default', 'default for all topics', 'allowed', 'changes', 'what'],
      listed(TOPIC_KEYS).map(([name, key]) => [
        nameOf(name, key),
        key.type,
        defaultOf(key),
        brokerSynonymsOf(name)
          .map((synonym) => `\`${synonym.name}\``)
          .join(', '),
        allowedOf(key.check),
        key.effect === 'none' ? '—' : 'running',
        key.sentence,
      ]),
    ),
    '## Groups\n',
    'Set with `kafka-configs --entity-type groups`. Kept and described; groups come later.\n',
    plainTable(GROUP_KEYS),
    '## Subscriptions to metrics of clients\n',
    'Set with `kafka-configs --entity-type client-metrics`. Kept and described; clients are asked for metrics later.\n',
    plainTable(CLIENT_METRICS_KEYS),
    '## Brokers and controllers\n',
    table(
      ['key', 'type', 'default', 'importance', 'allowed', 'changes', 'what'],
      listed(NODE_KEYS).map(([name, key]) => [
        nameOf(name, key),
        key.type,
        defaultOf(key),
        key.importance,
        allowedOf(key.check),
        key.effect === 'none' ? '—' : UPDATES[key.update],
        key.sentence,
      ]),
    ),
  ].join('\n');

const plainTable = (keys: typeof NODE_KEYS): string =>
  table(
    ['key', 'type', 'default', 'allowed', 'what'],
    listed(keys).map(([name, key]) => [
      nameOf(name, key),
      key.type,
      defaultOf(key),
      allowedOf(key.check),
      key.sentence,
    ]),
  );

const listed = (keys: typeof NODE_KEYS): readonly (readonly [string, ConfigurationKey])[] =>
  [...keys].filter(([, { isInternal }]) => !isInternal);

const nameOf = (name: string, { origin }: ConfigurationKey): string =>
  origin === 'kafka' ? `\`${name}\`` : `*\`${name}\`*`;

const defaultOf = (key: ConfigurationKey): string => {
  if (key.default === null) return '';
  if (key.isBoundedByBrokers) return `\`${key.default}\`, at most the number of brokers`;
  return key.default === '' ? 'empty' : `\`${key.default}\``;
};

const allowedOf = (check: Check | undefined): string => {
  switch (check?.kind) {
    case undefined:
      return '';
    case 'at-least':
      return `≥ ${check.min}`;
    case 'between':
      return `${check.min} to ${check.max}`;
    case 'one-of':
      return check.values.map((value) => `\`${value}\``).join(', ');
    case 'items':
      return [
        check.values.map((value) => `\`${value}\``).join(', '),
        ...(check.canBeEmpty ? [] : ['not empty']),
      ]
        .filter((part) => part !== '')
        .join('; ');
    case 'not-empty':
      return 'not empty';
    case 'gzip-level':
      return '1 to 9, -1';
    case 'share-offset-reset':
      return '`earliest`, `latest`, `by_duration:` and an ISO 8601 duration';
    case 'throttled-replicas':
      return '`*`, or `partition:broker` pairs';
  }
};

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line), ''].join('\n');
};
