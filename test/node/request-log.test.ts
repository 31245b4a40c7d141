import { ErrorCode } from '@kafkaesque/protocol';
import { openLoggers } from '@kafkaesque/telemetry';
import { createCluster } from '@kafkaesque/testkit';
import { batchOf, connectTo, createdTopic, fetched, produced } from './node-client';

const REQUEST_LOGGER = 'kafka.request.logger';

/** Loggers of a node, with the lines of its requests. */
const openLog = () => {
  const lines: string[] = [];
  const loggers = openLoggers({
    level: 'info',
    pretty: false,
    destination: { write: (line) => lines.push(line) },
  });
  const requests = (): readonly Readonly<Record<string, unknown>>[] =>
    lines
      .splice(0)
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
      .filter(({ logger }) => logger === REQUEST_LOGGER);
  return { loggers, requests };
};

test('a node logs a line for each request from the moment it is told to, until it is told not to', async () => {
  const { loggers, requests } = openLog();
  await using cluster = await createCluster({ world: { logger: loggers.root, loggers } });
  await using client = await connectTo(cluster);
  await createdTopic(client, 'quiet');
  expect(requests()).toEqual([]);
  expect(loggers.setLevel(REQUEST_LOGGER, 'debug')).toBe(true);
  await produced(client, 'quiet', batchOf(['a']));
  await fetched(client, 'quiet', 0);
  // Its line is written when its answer has left, which its client may see first.
  await produced(client, 'quiet', batchOf(['b']));
  expect(loggers.setLevel(REQUEST_LOGGER, 'info')).toBe(true);
  const address = cluster.bootstrapServers;
  const common = { level: 'debug', listener: 'PLAINTEXT', securityProtocol: 'PLAINTEXT' };
  expect(requests()).toEqual([
    expect.objectContaining({
      ...common,
      requestHeader: expect.objectContaining({
        requestApiKeyName: 'PRODUCE',
        requestApiVersion: 9,
      }) as unknown,
      connection: expect.stringMatching(new RegExp(`^${address}-127\\.0\\.0\\.1:\\d+-0-\\d+$`)) as unknown,
    }),
    expect.objectContaining({
      ...common,
      requestHeader: expect.objectContaining({ requestApiKeyName: 'FETCH' }) as unknown,
    }),
    expect.objectContaining({
      ...common,
      requestHeader: expect.objectContaining({ requestApiKeyName: 'PRODUCE' }) as unknown,
    }),
  ]);
  await produced(client, 'quiet', batchOf(['c']));
  expect(requests()).toEqual([]);
});

test('a slow request is logged with its phases', async () => {
  const { loggers, requests } = openLog();
  await using cluster = await createCluster({
    world: { logger: loggers.root, loggers },
    properties: { 'request.log.slow.threshold.ms': 0 },
  });
  await using client = await connectTo(cluster);
  await createdTopic(client, 'slow');
  const [line] = requests();
  expect(line).toMatchObject({ level: 'info', msg: 'Slow request' });
  const phases = ['requestQueueTimeMs', 'localTimeMs', 'remoteTimeMs', 'responseQueueTimeMs', 'sendTimeMs'];
  const sum = phases.reduce((total, phase) => total + Number(line?.[phase]), 0);
  expect(sum).toBeCloseTo(Number(line?.['totalTimeMs']), 2);
});

test('what counts as slow changes while the broker runs', async () => {
  const { loggers, requests } = openLog();
  await using cluster = await createCluster({
    world: { logger: loggers.root, loggers },
    properties: { 'request.log.slow.threshold.ms': -1 },
  });
  await using client = await connectTo(cluster);
  const changed = async (configOperation: number, value: string | null): Promise<number | undefined> => {
    const configs = [{ name: 'request.log.slow.threshold.ms', configOperation, value }];
    const { responses } = await client.ask('IncrementalAlterConfigs', 1, {
      resources: [{ resourceType: 4, resourceName: '1', configs }],
      validateOnly: false,
    });
    return responses[0]?.errorCode;
  };
  await createdTopic(client, 'first');
  expect(requests()).toEqual([]);
  expect(await changed(0, '0')).toBe(0);
  await createdTopic(client, 'second');
  const slow = requests().map(({ requestHeader }) => requestHeader);
  expect(slow).toContainEqual(expect.objectContaining({ requestApiKeyName: 'CREATE_TOPICS' }));
  expect(await changed(0, '-2')).toBe(ErrorCode.INVALID_REQUEST);
  expect(await changed(1, null)).toBe(0);
  requests();
  await createdTopic(client, 'third');
  expect(requests().map(({ requestHeader }) => requestHeader)).not.toContainEqual(
    expect.objectContaining({ requestApiKeyName: 'CREATE_TOPICS' }),
  );
});
