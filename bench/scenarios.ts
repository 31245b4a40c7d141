import { atMost, noMoreThan } from './aims';
import type { Described } from './described';
import type { Aim, Figure } from './figures';
import type { GroupScenario } from './groups/scenarios';
import { groupScenarios } from './groups/scenarios';
import type { Crowd } from './load/crowd';
import type { Load } from './load/load';
import { recordsIn } from './load/batch';
import type { ProduceLoad } from './load/produce';
import type { ReplicationScenario } from './replication/scenarios';
import { replicationScenarios } from './replication/scenarios';
import type { Durability, ServerName } from './servers/server';

/** A load on one topic. */
export interface LoadScenario extends Described {
  readonly kind: 'load';
  readonly load: Load;
  readonly partitions: number;
  /** Who else is there meanwhile. */
  readonly crowd?: Crowd;
}

/** How long the first answer takes, after a clean stop with so much in the log. */
export interface StartScenario extends Described {
  readonly kind: 'start';
  readonly partitions: number;
  readonly bytes: number;
}

/** What a server keeps in memory with so many partitions, a record in each. */
export interface MemoryScenario extends Described {
  readonly kind: 'memory';
  readonly partitions: number;
}

/** What a cluster of three nodes does with its metadata. */
export interface QuorumScenario extends Described {
  readonly kind: 'quorum';
  readonly measures: 'failover' | 'writes' | 'wide' | 'idle';
}

/** What loading a snapshot of the metadata costs a process. */
export interface SnapshotScenario extends Described {
  readonly kind: 'snapshot';
  readonly partitions: number;
}

export type Scenario =
  | LoadScenario
  | StartScenario
  | MemoryScenario
  | QuorumScenario
  | SnapshotScenario
  | GroupScenario
  | ReplicationScenario;

const everyone: readonly ServerName[] = ['floor', 'kafkaesque', 'kafka'];
const costs: readonly Figure[] = [
  'cpuSecondsPerGb',
  'mbPerSecond',
  'recordsPerSecond',
  'p50Ms',
  'p99Ms',
  'residentMib',
];
const RECORD_BYTES = 1000;

const producing = (batchBytes: number): ProduceLoad => ({
  kind: 'produce',
  recordCount: recordsIn(batchBytes, RECORD_BYTES),
  recordBytes: RECORD_BYTES,
  codec: 'none',
  acks: 1,
  inFlight: 5,
});
const single: ProduceLoad = { ...producing(1), recordBytes: 100, inFlight: 64 };
/** Values halve, so that twice the records make 64 KB on the wire. */
const compressed: ProduceLoad = { ...producing(128 << 10), codec: 'lz4' };

/** What a thousand partitions should cost beside a Kafka that flushes each batch, and one that flushes none. */
const spreadAims = (name: string): readonly Aim[] => [
  atMost(0.25, 'kafka'),
  atMost(1, 'kafka', 'cpuSecondsPerGb', name),
];

const resident = noMoreThan(300, 'residentMib');

const loaded = (
  durability: Durability,
  name: string,
  title: string,
  load: Load,
  aims: readonly Aim[],
  partitions = 1,
): LoadScenario => ({
  kind: 'load',
  name: durability === 'disk' ? `durable-${name}` : name,
  title: durability === 'disk' ? `${title}, on the disk before it is acknowledged` : title,
  durability,
  // The floor reads one partition of a request.
  servers: load.kind === 'spread' && load.together > 1 ? ['kafkaesque', 'kafka'] : everyone,
  figures: load.kind === 'spread' ? [...costs, 'processorShare'] : costs,
  load,
  partitions,
  aims,
});

const latency: Load = { kind: 'latency', acks: 1, rate: 1000, recordBytes: 100 };
const spread: Load = { kind: 'spread', acks: 1, partitions: 1000, together: 1, recordBytes: 1000 };
const spreadTogether: Load = { ...spread, together: 100 };

const quorum = (
  measures: QuorumScenario['measures'],
  title: string,
  figures: readonly Figure[],
  aims: readonly Aim[],
): QuorumScenario => ({
  kind: 'quorum',
  name: `quorum-${measures}`,
  title,
  durability: 'disk',
  servers: ['kafkaesque', 'kafka'],
  ...{ measures, figures, aims },
});

/** Everything that can be measured. Those that share a durability stand together, so that Kafka is warmed up twice only. */
export const scenarios: readonly Scenario[] = [
  loaded('system', 'produce-1m', 'Produce, 1 MB batches', producing(1_000_000), [
    atMost(1.25, 'floor'),
    resident,
  ]),
  loaded('system', 'produce-64k', 'Produce, 64 KB batches', producing(65536), [
    atMost(1.25, 'floor'),
    atMost(0.9, 'kafka'),
    resident,
  ]),
  loaded('system', 'produce-16k', 'Produce, 16 KB batches', producing(16384), [
    atMost(1.4, 'floor'),
    atMost(0.7, 'kafka'),
    resident,
  ]),
  loaded('system', 'produce-single', 'Produce, one record of 100 bytes a request', single, [
    atMost(1.5, 'floor'),
    atMost(0.35, 'kafka'),
    resident,
  ]),
  loaded('system', 'produce-lz4', 'Produce, 64 KB batches of lz4', compressed, [
    atMost(1, 'kafkaesque', 'cpuSecondsPerGb', 'produce-64k'),
  ]),
  loaded(
    'system',
    'fetch',
    'Fetch, 1 MiB answers from the page cache',
    { kind: 'fetch', fill: producing(65536) },
    [atMost(1.25, 'floor')],
  ),
  loaded('system', 'latency', 'Latency, 1,000 records a second until a consumer has them', latency, [
    atMost(1.2, 'floor', 'p50Ms'),
    atMost(0.8, 'kafka', 'p99Ms'),
  ]),
  {
    ...loaded(
      'system',
      'neighbours',
      'The same beside 2,000 idle connections and 1,000 waiting fetches',
      latency,
      [atMost(1.5, 'kafkaesque', 'p99Ms', 'latency')],
    ),
    servers: ['kafkaesque', 'kafka'],
    crowd: { idle: 2000, waiting: 1000 },
  },
  loaded('system', 'spread', '1,000 partitions, one batch of 1 KB a second each', spread, [], 1000),
  loaded(
    'system',
    'spread-together',
    '1,000 partitions, one batch of 1 KB a second each, a hundred in a request',
    spreadTogether,
    [],
    1000,
  ),
  ...groupScenarios,
  {
    kind: 'start',
    name: 'start',
    title: 'Start on an empty directory',
    durability: 'system',
    servers: ['kafkaesque', 'kafka'],
    figures: ['startMs', 'idleMib'],
    partitions: 0,
    bytes: 0,
    aims: [noMoreThan(700, 'startMs'), noMoreThan(110, 'idleMib')],
  },
  loaded('disk', 'produce-1m', 'Produce, 1 MB batches', producing(1_000_000), [
    atMost(1.7, 'floor'),
    resident,
  ]),
  loaded('disk', 'produce-64k', 'Produce, 64 KB batches', producing(65536), [
    atMost(1.7, 'floor'),
    atMost(0.5, 'kafka'),
    resident,
  ]),
  loaded('disk', 'produce-16k', 'Produce, 16 KB batches', producing(16384), [resident]),
  loaded('disk', 'produce-single', 'Produce, one record of 100 bytes a request', single, [
    { figure: 'recordsPerSecond', against: { server: 'kafka' }, kind: 'at least', limit: 10 },
    resident,
  ]),
  loaded('disk', 'latency', 'Latency, 1,000 records a second until a consumer has them', latency, []),
  loaded(
    'disk',
    'spread',
    '1,000 partitions, one batch of 1 KB a second each',
    spread,
    spreadAims('spread'),
    1000,
  ),
  loaded(
    'disk',
    'spread-together',
    '1,000 partitions, one batch of 1 KB a second each, a hundred in a request',
    spreadTogether,
    spreadAims('spread-together'),
    1000,
  ),
  {
    kind: 'start',
    name: 'start-loaded',
    title: 'Start with 1,000 partitions and 5 GB after a clean stop',
    durability: 'disk',
    servers: ['kafkaesque'],
    figures: ['startMs', 'idleMib'],
    partitions: 1000,
    bytes: 5e9,
    aims: [noMoreThan(1500, 'startMs')],
  },
  {
    kind: 'memory',
    name: 'partitions',
    title: 'Memory with 10,000 partitions, each written to',
    durability: 'disk',
    servers: ['kafkaesque'],
    figures: ['residentMib', 'idleMib'],
    partitions: 10_000,
    aims: [noMoreThan(400, 'residentMib')],
  },
  quorum(
    'failover',
    'Three nodes: from `kill -9` of the active controller to the first committed change, twenty times',
    ['failoverMs', 'worstFailoverMs'],
    [
      noMoreThan(900, 'failoverMs'),
      noMoreThan(1800, 'worstFailoverMs'),
      atMost(1, 'kafka', 'failoverMs'),
      atMost(1, 'kafka', 'worstFailoverMs'),
    ],
  ),
  quorum(
    'writes',
    'Three nodes: changes of metadata committed, sixteen at a time',
    ['writesPerSecond'],
    [{ figure: 'writesPerSecond', against: { server: 'kafka' }, kind: 'at least', limit: 1 }],
  ),
  quorum(
    'wide',
    'Three nodes: 10,000 partitions created by one request and known to all brokers',
    ['knownMs'],
    [atMost(1, 'kafka', 'knownMs')],
  ),
  quorum(
    'idle',
    'Three nodes: the active controller when there is nothing to do',
    ['idleShare', 'idleMib'],
    [noMoreThan(0.01, 'idleShare')],
  ),
  {
    kind: 'snapshot',
    name: 'snapshot',
    title: 'Loading a metadata snapshot of 200,000 partitions',
    durability: 'disk',
    servers: ['kafkaesque'],
    figures: ['loadMs', 'residentMib', 'longestTurnMs'],
    partitions: 200_000,
    aims: [noMoreThan(3000, 'loadMs'), noMoreThan(400, 'residentMib'), noMoreThan(20, 'longestTurnMs')],
  },
  ...replicationScenarios,
];
