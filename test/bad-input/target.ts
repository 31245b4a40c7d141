import type { Cluster, ClusterOptions } from '@kafkaesque/testkit';
import { createCluster } from '@kafkaesque/testkit';
import { BadClient } from './client';

/** `host:port` of an Apache Kafka that the same suites run against; absent: a node in this process. */
const peer = process.env['KAFKAESQUE_BOOTSTRAP'] ?? '';

/** Whether what a suite meets is Apache Kafka. */
export const isKafka = peer !== '';

/** Tests that look inside the process, or that Kafka would not survive, are passed over there. */
export const onlyOurs = isKafka ? xtest : test;

/** The server that bad input is sent to. */
export interface Target extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** The node in this process. Throws where there is none. */
  readonly cluster: Cluster;
  connect(): Promise<BadClient>;
  /** Whether a new connection is served. */
  isServing(): Promise<boolean>;
}

export const openTarget = async (options: ClusterOptions = {}): Promise<Target> => {
  const cluster = isKafka ? undefined : await createCluster(options);
  const address = cluster?.bootstrapServers ?? peer;
  const host = address.slice(0, address.lastIndexOf(':'));
  const port = Number(address.slice(host.length + 1));
  const open = (): Promise<BadClient> => BadClient.open(host, port);
  return {
    host,
    port,
    get cluster() {
      if (cluster === undefined) throw new Error(`${peer} is not a node of this process`);
      return cluster;
    },
    connect: open,
    async isServing() {
      await using client = await open();
      const { errorCode } = await client.ask('ApiVersions', 0, {});
      return errorCode === 0;
    },
    async [Symbol.asyncDispose]() {
      await cluster?.close();
    },
  };
};
