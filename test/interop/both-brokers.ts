import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCluster } from '@kafkaesque/testkit';
import type { BadClient } from '../bad-input/client';
import { connectTo } from '../node/node-client';
import { apacheDirectory, startApacheKafka, stopApacheKafka } from './apache-kafka';

/** A connection to a broker of each kind, on the same file of properties. */
export interface Both extends AsyncDisposable {
  readonly ours: BadClient;
  readonly kafka: BadClient;
}

/** Starts Apache Kafka by `script` at a port, and a node of ours in this process; their files differ in ports and directories. */
export const openBoth = async (
  script: string,
  port: string,
  properties: Readonly<Record<string, string>> = {},
): Promise<Both> => {
  const lines = Object.entries(properties).map(([key, value]) => `${key}=${value}`);
  await startApacheKafka(script, port, { KAFKA_EXTRA: lines.join('\n') });
  const file = join(apacheDirectory(port), 'server.properties');
  const written = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const)
    .filter(([key]) => key !== '' && key !== 'log.dirs' && key !== 'listeners');
  const cluster = await createCluster({
    properties: { ...Object.fromEntries(written), 'controller.quorum.voters': '' },
  });
  const ours = await connectTo(cluster);
  const kafka = await connectTo({ bootstrapServers: `127.0.0.1:${port}` });
  return {
    ours,
    kafka,
    async [Symbol.asyncDispose]() {
      await ours[Symbol.asyncDispose]();
      await kafka[Symbol.asyncDispose]();
      await cluster.close();
      await stopApacheKafka(script, port);
    },
  };
};

export const TOPIC = 2;
export const BROKER = 4;
export const BROKER_LOGGER = 8;
export const CLIENT_METRICS = 16;
export const GROUP = 32;

/** One change of one resource: keys and values, null to delete; APPEND is 2, SUBTRACT 3. */
export type Change = readonly [
  resourceType: number,
  resourceName: string,
  configs: Readonly<Record<string, string | null>>,
  operation?: number,
];

/** Code and sentence with which a broker answers a change. */
export const answerTo = async (
  client: BadClient,
  [resourceType, resourceName, configs, operation]: Change,
): Promise<readonly unknown[]> => {
  const { responses } = await client.ask('IncrementalAlterConfigs', 1, {
    resources: [
      {
        resourceType,
        resourceName,
        configs: Object.entries(configs).map(([name, value]) => ({
          name,
          configOperation: operation ?? (value === null ? 1 : 0),
          value,
        })),
      },
    ],
    validateOnly: false,
  });
  return responses.map(({ errorCode, errorMessage }) => [errorCode, errorMessage]);
};

/**
 * Kafka answers before its broker has applied a change, and judges the next one beside what it has applied: waits until it
 * shows this one, or for a second, because not everything that is accepted is shown as it was given.
 */
export const shown = async (
  client: BadClient,
  [resourceType, resourceName, configs]: Change,
): Promise<void> => {
  for (let round = 0; round < 50; round++) {
    const { results } = await client.ask('DescribeConfigs', 4, {
      resources: [{ resourceType, resourceName, configurationKeys: Object.keys(configs) }],
      includeSynonyms: false,
      includeDocumentation: false,
    });
    const told = new Map(results[0]?.configs.map(({ name, value }) => [name, value]));
    if (Object.entries(configs).every(([name, value]) => (told.get(name) ?? null) === value)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};
