import { atMost, noMoreThan } from '../aims';
import type { Described } from '../described';
import type { Aim, Figure } from '../figures';
import { recordsIn } from '../load/batch';
import type { Load } from '../load/load';
import type { Durability } from '../servers/server';

/** What happens to a leader: `kill -9`, SIGTERM, or SIGSTOP and later SIGCONT. */
export type Fault = 'kill' | 'stop' | 'pause';

/** A load on one topic of three replicas, by all three nodes together. */
export interface ReplicatedScenario extends Described {
  readonly kind: 'replicated';
  readonly load: Load;
  readonly partitions: number;
}

/** How long producers wait when the leader goes away, and what becomes of their records. */
export interface FailoverScenario extends Described {
  readonly kind: 'failover';
  readonly fault: Fault;
  /** Whether the leader is the active controller too. */
  readonly isController: boolean;
  readonly times: number;
  readonly pauseMs: number;
}

/** What many partitions cost a cluster. */
export interface ScaleScenario extends Described {
  readonly kind: 'scale';
  readonly measures: 'idle' | 'death';
  readonly partitions: number;
}

/** What a reassignment to a fourth broker does to others. */
export interface ReassignScenario extends Described {
  readonly kind: 'reassign';
  readonly partitions: number;
  readonly bytes: number;
  /** Bytes a second. */
  readonly throttle: number;
}

export type ReplicationScenario = ReplicatedScenario | FailoverScenario | ScaleScenario | ReassignScenario;

const ALL = -1;
const RECORD_BYTES = 1000;
const MANY_PARTITIONS = 3000;
const costs: readonly Figure[] = [
  'cpuSecondsPerGb',
  'mbPerSecond',
  'recordsPerSecond',
  'p50Ms',
  'p99Ms',
  'residentMib',
];

const producing = (batchBytes: number): Load => ({
  kind: 'produce',
  recordCount: recordsIn(batchBytes, RECORD_BYTES),
  recordBytes: RECORD_BYTES,
  codec: 'none',
  acks: ALL,
  inFlight: 5,
});

const replicated = (
  durability: Durability,
  described: Pick<ReplicatedScenario, 'name' | 'title' | 'load' | 'partitions' | 'figures' | 'aims'>,
): ReplicatedScenario => ({
  ...described,
  kind: 'replicated',
  name: durability === 'disk' ? `durable-${described.name}` : described.name,
  title:
    durability === 'disk' ? `${described.title}, on all disks before it is acknowledged` : described.title,
  servers: ['kafkaesque', 'kafka'],
  durability,
});

/** Equal durability, and with flushes still below a Kafka that makes none. */
const throughput = (durability: Durability): readonly ReplicatedScenario[] =>
  (
    [
      ['replicated-produce-1m', '1 MB batches', 1_000_000, 1, 1],
      ['replicated-produce-64k', '64 KB batches', 65536, 0.35, 1],
      ['replicated-produce-16k', '16 KB batches', 16384, 0.35, 1],
      ['replicated-produce-64k-six', '64 KB batches to each of six partitions', 65536, 0.35, 6],
    ] as const
  ).map(([name, batches, batchBytes, limit, partitions]) =>
    replicated(durability, {
      ...{ name, partitions, figures: costs },
      title: `Three nodes, three replicas, acks=all: ${batches}, all nodes together`,
      load: producing(batchBytes),
      aims: [
        atMost(limit, 'kafka'),
        ...(durability === 'disk' ? [atMost(1, 'kafka', 'cpuSecondsPerGb', name)] : []),
      ],
    }),
  );

const openLoop = (durability: Durability): ReplicatedScenario =>
  replicated(durability, {
    name: 'replicated-latency',
    title: 'Three nodes, three replicas, acks=all: 500 records a second until a consumer has them',
    load: { kind: 'latency', acks: ALL, rate: 500, recordBytes: 100 },
    partitions: 1,
    figures: ['p50Ms', 'p99Ms', 'cpuSecondsPerGb', 'recordsPerSecond'],
    aims: [atMost(0.5, 'kafka', 'p50Ms'), atMost(0.5, 'kafka', 'p99Ms')],
  });

const trickle = (name: string, title: string, together: number): ReplicatedScenario => ({
  kind: 'replicated',
  name,
  title: `Three nodes, 3,000 partitions of three replicas, one batch of 1 KB a second each, on all disks before it is acknowledged${title}`,
  durability: 'disk',
  // Nine thousand flushes a second, one for each replica of each batch, are more than a disk does for Apache Kafka.
  servers: ['kafkaesque'],
  figures: ['busiestShare', 'p50Ms', 'p99Ms', 'cpuSecondsPerGb', 'recordsPerSecond', 'residentMib'],
  load: { kind: 'spread', acks: ALL, partitions: MANY_PARTITIONS, together, recordBytes: RECORD_BYTES },
  partitions: MANY_PARTITIONS,
  aims: [noMoreThan(1, 'busiestShare'), noMoreThan(50, 'p99Ms')],
});

const noHarm = [noMoreThan(0, 'lostRecords'), noMoreThan(0, 'duplicateRecords')];
const short = [
  noMoreThan(900, 'failoverMs'),
  noMoreThan(1800, 'worstFailoverMs'),
  atMost(1, 'kafka', 'failoverMs'),
  ...noHarm,
];

const failover = (
  name: string,
  title: string,
  aims: readonly Aim[],
  { fault, isController = false, times = 10 }: { fault: Fault; isController?: boolean; times?: number },
): FailoverScenario => ({
  kind: 'failover',
  name,
  title: `Three nodes, acks=all: the longest wait for an acknowledgement when the leader ${title}`,
  durability: 'system',
  servers: ['kafkaesque', 'kafka'],
  figures: ['failoverMs', 'worstFailoverMs', 'lostRecords', 'duplicateRecords', 'backMs'],
  pauseMs: 60_000,
  ...{ fault, isController, times, aims },
});

/** What three nodes do with replicas. Those that share a durability stand together: Kafka is kept from one to the next. */
export const replicationScenarios: readonly ReplicationScenario[] = [
  ...throughput('system'),
  openLoop('system'),
  ...throughput('disk'),
  openLoop('disk'),
  failover('failover', 'is killed, who is not the active controller, ten times', short, { fault: 'kill' }),
  failover('failover-controller', 'is killed and was the active controller, ten times', short, {
    fault: 'kill',
    isController: true,
  }),
  failover('failover-clean', 'shuts down, ten times', [noMoreThan(150, 'failoverMs'), ...noHarm], {
    fault: 'stop',
  }),
  failover('failover-pause', 'stands still for a minute and goes on, twice', noHarm, {
    fault: 'pause',
    times: 2,
  }),
  {
    kind: 'scale',
    name: 'scale-idle',
    title: 'Three nodes, 3,000 partitions of three replicas with a record each, when there is nothing to do',
    durability: 'system',
    servers: ['kafkaesque', 'kafka'],
    figures: ['busiestShare', 'idleShare', 'idleMib'],
    measures: 'idle',
    partitions: MANY_PARTITIONS,
    aims: [noMoreThan(0.05, 'busiestShare'), atMost(1, 'kafka', 'busiestShare')],
  },
  trickle('scale-trickle', '', 1),
  trickle('scale-trickle-together', ', a hundred in a request', 100),
  {
    kind: 'scale',
    name: 'scale-death',
    title:
      'Three nodes: from `kill -9` of the leader of 3,000 partitions until a survivor knows the last new leader',
    durability: 'system',
    servers: ['kafkaesque', 'kafka'],
    figures: ['movedMs', 'controllerMs'],
    measures: 'death',
    partitions: MANY_PARTITIONS,
    aims: [noMoreThan(1000, 'movedMs'), noMoreThan(1000, 'controllerMs')],
  },
  {
    kind: 'reassign',
    name: 'scale-reassign',
    title:
      'A fourth broker takes a replica of 30 partitions of 20 MB each, 20 MB/s allowed, beside 500 records a second',
    durability: 'system',
    // The script that starts Apache Kafka knows three nodes.
    servers: ['kafkaesque'],
    figures: ['throttleRatio', 'p99Ratio', 'calmP99Ms', 'p99Ms', 'movedMs'],
    partitions: 30,
    bytes: 600e6,
    throttle: 20e6,
    aims: [
      noMoreThan(1.1, 'throttleRatio'),
      { figure: 'throttleRatio', kind: 'at least', limit: 0.9 },
      noMoreThan(1.5, 'p99Ratio'),
    ],
  },
];
