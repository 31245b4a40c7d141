import { ErrorCode } from '@kafkaesque/protocol';
import type { Loggers } from '@kafkaesque/telemetry';
import { openLoggers } from '@kafkaesque/telemetry';
import { createCluster } from '@kafkaesque/testkit';
import type { BadClient } from '../bad-input/client';
import { connectTo, createdTopic } from './node-client';

const BROKER_LOGGER = 8;
const REQUEST_LOGGER = 'kafka.request.logger';
const OTHER_LOGGERS = [
  'kafka',
  'kafka.log.LogManager',
  'kafka.network.SocketServer',
  'kafka.server.KafkaApis',
  'kafka.server.ReplicaManager',
  'org.apache.kafka',
  'org.apache.kafka.controller.QuorumController',
  'org.apache.kafka.coordinator.group.GroupCoordinatorService',
  'org.apache.kafka.raft.KafkaRaftClient',
];
/** Every logger at the root's level, but for the one of requests. */
const levels = (root: string, requests: string): Readonly<Record<string, string>> => ({
  root,
  [REQUEST_LOGGER]: requests,
  ...Object.fromEntries(OTHER_LOGGERS.map((name) => [name, root])),
});
const SET = 0;
const DELETE = 1;
const APPEND = 2;

const levelsOf = async (client: BadClient): Promise<Readonly<Record<string, string | null>>> => {
  const { results } = await client.ask('DescribeConfigs', 4, {
    resources: [{ resourceType: BROKER_LOGGER, resourceName: '1', configurationKeys: null }],
    includeSynonyms: true,
    includeDocumentation: true,
  });
  expect(results[0]).toMatchObject({ errorCode: 0, resourceType: BROKER_LOGGER, resourceName: '1' });
  for (const config of results[0]?.configs ?? [])
    expect(config).toMatchObject({ configSource: 6, readOnly: false, isSensitive: false, synonyms: [] });
  return Object.fromEntries((results[0]?.configs ?? []).map(({ name, value }) => [name, value]));
};

const altered = async (
  client: BadClient,
  configs: readonly (readonly [name: string, configOperation: number, value: string | null])[],
  { resourceName = '1', validateOnly = false } = {},
): Promise<readonly (readonly unknown[])[]> => {
  const { responses } = await client.ask('IncrementalAlterConfigs', 1, {
    resources: [
      {
        resourceType: BROKER_LOGGER,
        resourceName,
        configs: configs.map(([name, configOperation, value]) => ({ name, configOperation, value })),
      },
    ],
    validateOnly,
  });
  return responses.map(({ errorCode, errorMessage }) => [errorCode, errorMessage]);
};

/** Loggers at info, and the lines that they have written. */
const openLinedLoggers = (): { readonly lines: string[]; readonly loggers: Loggers } => {
  const lines: string[] = [];
  const loggers = openLoggers({
    level: 'info',
    pretty: false,
    destination: { write: (line) => lines.push(line) },
  });
  return { lines, loggers };
};

test('levels of loggers change while the broker runs, and go back to the root’s', async () => {
  const { lines, loggers } = openLinedLoggers();
  await using cluster = await createCluster({ world: { logger: loggers.root, loggers } });
  await using client = await connectTo(cluster);
  const ofRequests = (): number => lines.splice(0).filter((line) => line.includes(REQUEST_LOGGER)).length;
  expect(await levelsOf(client)).toEqual(levels('INFO', 'INFO'));
  await createdTopic(client, 'quiet');
  expect(ofRequests()).toBe(0);
  expect(await altered(client, [[REQUEST_LOGGER, SET, 'DEBUG']], { validateOnly: true })).toEqual([
    [0, null],
  ]);
  expect(await levelsOf(client)).toEqual(levels('INFO', 'INFO'));
  expect(await altered(client, [[REQUEST_LOGGER, SET, 'DEBUG']])).toEqual([[0, null]]);
  expect(await levelsOf(client)).toEqual(levels('INFO', 'DEBUG'));
  await createdTopic(client, 'told');
  await levelsOf(client);
  expect(ofRequests()).toBeGreaterThan(0);
  expect(
    await altered(client, [
      ['root', SET, 'ERROR'],
      [REQUEST_LOGGER, DELETE, null],
    ]),
  ).toEqual([[0, null]]);
  expect(await levelsOf(client)).toEqual(levels('ERROR', 'ERROR'));
});

test('what loggers do not have is refused, and then nothing of the request is done', async () => {
  const loggers = openLoggers({ level: 'info', pretty: false, destination: { write: () => undefined } });
  await using cluster = await createCluster({ world: { logger: loggers.root, loggers } });
  await using client = await connectTo(cluster);
  const debug = ['root', SET, 'DEBUG'] as const;
  expect(await altered(client, [debug, ['no.such.logger', SET, 'DEBUG']])).toEqual([
    [ErrorCode.INVALID_CONFIG, 'Logger no.such.logger does not exist!'],
  ]);
  expect(await altered(client, [[REQUEST_LOGGER, SET, 'LOUD']])).toEqual([
    [
      ErrorCode.INVALID_CONFIG,
      `Cannot set the log level of ${REQUEST_LOGGER} to LOUD as it is not a supported log level. ` +
        'Valid log levels are DEBUG, ERROR, FATAL, INFO, TRACE, WARN',
    ],
  ]);
  expect(await altered(client, [['root', DELETE, null]])).toEqual([
    [ErrorCode.INVALID_REQUEST, 'Removing the log level of the root logger is not allowed'],
  ]);
  expect(await altered(client, [['root', APPEND, 'DEBUG']])).toEqual([
    [ErrorCode.INVALID_REQUEST, 'APPEND operation is not allowed for the BROKER_LOGGER resource'],
  ]);
  expect(await altered(client, [debug], { resourceName: '2' })).toEqual([
    [ErrorCode.INVALID_REQUEST, 'Unexpected node id. Expected 1, but received 2'],
  ]);
  expect(await levelsOf(client)).toEqual(levels('INFO', 'INFO'));
});

test('a part of the broker says what it does under its own logger, at the level of that', async () => {
  const { lines, loggers } = openLinedLoggers();
  await using cluster = await createCluster({ world: { logger: loggers.root, loggers } });
  await using client = await connectTo(cluster);
  const ofApis = (): readonly unknown[] =>
    lines
      .splice(0)
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
      .filter(({ logger }) => logger === 'kafka.server.KafkaApis')
      .map(({ msg }) => msg);
  const sendNonsense = async (): Promise<void> => {
    await using other = await connectTo(cluster);
    await other.send(Buffer.from([0, 0, 0, 8, 0x7f, 0, 0, 0, 0, 0, 0, 9]));
    await other.closed;
  };
  await sendNonsense();
  expect(ofApis()).toEqual(['closing a connection after an invalid request']);
  expect(await altered(client, [['kafka', SET, 'ERROR']])).toEqual([[0, null]]);
  expect(await levelsOf(client)).toMatchObject({
    'kafka.server.KafkaApis': 'ERROR',
    'org.apache.kafka': 'INFO',
  });
  await sendNonsense();
  expect(ofApis()).toEqual([]);
});
