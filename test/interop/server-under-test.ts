import type { Admin } from '@kafkaesque/client';
import { openClient } from '@kafkaesque/client';
import type { ClusterOptions } from '@kafkaesque/testkit';
import { closePrograms } from './client-programs';
import { PARTITIONS } from './rows';

/** The server that the foreign clients talk to. */
export interface ServerUnderTest {
  readonly bootstrap: string;
  /** False for another server that the tests are judged against. */
  readonly isOurs: boolean;
  readonly admin: Admin;
  /** A topic name that no earlier run has used. */
  name(purpose: string): string;
  /** A topic that keeps records of any age; default: of three partitions. */
  topic(purpose: string, configs?: Readonly<Record<string, string>>, partitions?: number): Promise<string>;
  close(): Promise<void>;
}

/**
 * A cluster in this process; or the server at KAFKAESQUE_BOOTSTRAP=host:port, so that the same tests can be judged
 * against Apache Kafka.
 */
export const openServer = async (options: ClusterOptions = {}): Promise<ServerUnderTest> => {
  const given = process.env['KAFKAESQUE_BOOTSTRAP'];
  const cluster =
    given === undefined ? await (await import('@kafkaesque/testkit')).createCluster(options) : undefined;
  const bootstrap = cluster?.bootstrapServers ?? given ?? '';
  const client = openClient({ bootstrapServers: bootstrap });
  const admin = client.admin();
  const run = `${process.pid}-${Date.now().toString(36)}`;
  let count = 0;
  /** Apache acknowledges a topic before its broker leads it; this server does not, and gets no such help. */
  const untilLed = async (topic: string, partitions: number): Promise<void> => {
    const specs = Array.from({ length: partitions }, (_, partition) => ({
      topic,
      partition,
      spec: 'latest' as const,
    }));
    const asked = await admin.listOffsets(specs);
    for (const outcome of asked) if (outcome.kind === 'failed') throw outcome.error;
  };
  const name = (purpose: string): string =>
    `${purpose.replace(/[^a-zA-Z0-9._-]/g, '-')}-${run}-${(count += 1)}`;
  return {
    bootstrap,
    isOurs: cluster !== undefined,
    admin,
    name,
    topic: async (purpose, configs = {}, partitions = PARTITIONS) => {
      const topic = name(purpose);
      // The rows are decades old: with the usual retention they would be deleted before they are read.
      const [created] = await admin.createTopics([
        {
          name: topic,
          partitions,
          replicationFactor: 1,
          configs: { 'retention.ms': '-1', ...configs },
        },
      ]);
      if (created?.kind !== 'done') throw created?.error ?? new Error(`no answer about ${topic}`);
      if (cluster === undefined) await untilLed(topic, partitions);
      return topic;
    },
    close: async () => {
      await closePrograms(bootstrap);
      await client.close();
      await cluster?.close();
    },
  };
};
