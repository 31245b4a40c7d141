import { openLogger } from '@kafkaesque/telemetry';
import { apis } from '@kafkaesque/protocol';
import { createCluster } from '@kafkaesque/testkit';
import { BadClient } from './client';
import { framed, header, int16, int32, string } from './bytes';
import { onlyOurs } from './target';
import { goodBatch } from './topics';

const FORGED = 'forged by a client';
/** Line ends of every kind, a line that looks like ours, and what a terminal would obey. */
const HOSTILE = [
  'x',
  `{"level":"error","time":"2026-01-01T00:00:00.000Z","msg":"${FORGED}"}`,
  `[12:00:00.000] ERROR: ${FORGED}`,
  '\u001b[2J\u001b]0;title\u0007',
  'end',
].join('\r\n\u2028\u0085\v\f');

/** Sends everything of a client that could come into a log, good and bad, under a hostile name. */
const say = async (port: number): Promise<void> => {
  const open = (): Promise<BadClient> => BadClient.open('127.0.0.1', port);
  const clientId = string(HOSTILE);
  await using good = await open();
  await good.ask('ApiVersions', 3, { clientSoftwareName: HOSTILE, clientSoftwareVersion: HOSTILE }, HOSTILE);
  await good.ask('CreateTopics', 7, {
    topics: [{ name: HOSTILE, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
    timeoutMs: 1_000,
    validateOnly: false,
  });
  await good.ask(
    'CreateTopics',
    7,
    {
      topics: [
        {
          name: 'a-topic',
          numPartitions: 1,
          replicationFactor: 1,
          assignments: [],
          configs: [{ name: HOSTILE, value: HOSTILE }],
        },
      ],
      timeoutMs: 1_000,
      validateOnly: false,
    },
    HOSTILE,
  );
  const configs = [{ name: HOSTILE, configOperation: 0, value: HOSTILE }];
  for (const [resourceType, resourceName] of [
    [4, '1'],
    [4, HOSTILE],
    [2, HOSTILE],
  ] as const) {
    await good.ask('IncrementalAlterConfigs', 1, {
      resources: [{ resourceType, resourceName, configs }],
      validateOnly: false,
    });
  }
  await good.ask('FindCoordinator', 3, { key: HOSTILE, keyType: 0 }, HOSTILE);
  await good.ask('Metadata', 9, { topics: [{ name: HOSTILE }], allowAutoTopicCreation: true }, HOSTILE);
  const produce = { acks: -1, timeoutMs: 1_000, transactionalId: HOSTILE };
  const topicData = [{ name: HOSTILE, partitionData: [{ index: 0, records: goodBatch(HOSTILE) }] }];
  await good.ask('Produce', 9, { ...produce, topicData }, HOSTILE);
  for (const bytes of [
    framed(header({ apiKey: apis.Metadata.key, apiVersion: 1, clientId }), int32(-2)),
    framed(header({ apiKey: apis.Metadata.key, apiVersion: 1, clientId }), int32(1), int16(-7), clientId),
    framed(header({ apiKey: 999, apiVersion: 1, clientId })),
    framed(header({ apiKey: apis.Fetch.key, apiVersion: 99, clientId })),
    Buffer.from(`GET /${HOSTILE} HTTP/1.1\r\n\r\n`),
  ]) {
    await using bad = await open();
    await bad.send(bytes);
    await bad.closed;
  }
};

/** What a node logs about such a client, from its start to its end. */
const linesOf = async (pretty: boolean): Promise<readonly string[]> => {
  let text = '';
  const destination = { write: (written: string) => void (text += written) };
  const logger = openLogger({ level: 'debug', pretty, destination });
  {
    await using cluster = await createCluster({ logger });
    await say(Number(cluster.bootstrapServers.split(':')[1]));
    logger.warn('the door of this test', { clientId: HOSTILE, [HOSTILE]: 1 });
  }
  expect(text.endsWith('\n')).toBe(true);
  return text.slice(0, -1).split(/\r\n|[\n\v\f\r\u0085\u2028\u2029]/);
};

onlyOurs('B19: a newline in what a client says begins no line of a JSON log', async () => {
  const lines = (await linesOf(false)).map(
    (line) => JSON.parse(line) as { readonly msg: string; readonly time: string },
  );
  expect(lines.length).toBeGreaterThan(5);
  for (const { msg, time } of lines) {
    expect(msg).not.toContain(FORGED);
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT/);
  }
});

onlyOurs('B19: nor of a log that people read, and no terminal obeys it', async () => {
  const lines = await linesOf(true);
  expect(lines.length).toBeGreaterThan(5);
  for (const line of lines) {
    expect(line).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] /);
    expect(line).not.toMatch(/^\[[^\]]*\] ERROR: forged/);
    // eslint-disable-next-line no-control-regex -- control characters are what is looked for
    expect(line).not.toMatch(/[\u0000-\u0008\u000e-\u001f\u007f-\u009f]/);
  }
});
