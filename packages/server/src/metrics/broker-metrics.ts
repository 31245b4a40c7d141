import type { Metrics, TellValue } from '@kafkaesque/kernel';
import type { AnswerMemory } from '../broker/answer-memory';
import type { FetchSessions } from '../broker/fetch-sessions';
import type { LogDirectories } from '../broker/log-directories';
import type { Replica } from '../broker/replica';
import type { Replicas } from '../broker/replicas';
import type { WaitingRoom } from '../broker/waiting-room';

/** Partitions whose own values are told; sums are over all of them. */
export const MAX_TOLD_PARTITIONS = 2000;

export type BrokerState = 'starting' | 'running' | 'shutting down';

/** Kafka's numbers of the states. */
const STATE_NUMBERS: Readonly<Record<BrokerState, number>> = { starting: 1, running: 3, 'shutting down': 7 };

/** What a broker's metrics are read from. */
export interface BrokerView {
  readonly replicas: Replicas;
  readonly directories: LogDirectories;
  readonly waitingRoom: WaitingRoom;
  readonly fetchSessions: FetchSessions;
  readonly answerMemory: AnswerMemory;
  readonly state: () => BrokerState;
}

/** Has the state of a broker's replicas, logs and waiting requests read whenever somebody scrapes. */
export const watchBroker = (metrics: Metrics, view: BrokerView): void => {
  metrics.observe(
    'gauge',
    'kafka_server_kafkaserver_brokerstate',
    'State of the broker: 1 starting, 3 running, 7 shutting down.',
    (tell) => {
      tell(STATE_NUMBERS[view.state()]);
    },
  );
  watchReplicas(metrics, view);
  watchPartitions(metrics, view);
  watchLogDirectories(metrics, view);
  watchRequestsThatWait(metrics, view);
};

const isLed = ({ machine }: Replica): boolean => machine.role.kind === 'leader';

const replicaCount = ({ machine: { role } }: Replica): number =>
  role.kind === 'leader' ? role.replicas.length : 0;

const inSyncCount = ({ machine: { role } }: Replica): number =>
  role.kind === 'leader' ? role.inSyncReplicas.length : 0;

const isUnderReplicated = (replica: Replica): boolean => inSyncCount(replica) < replicaCount(replica);

const isUnderMinIsr = (replica: Replica): boolean =>
  isLed(replica) && inSyncCount(replica) < leastInSync(replica);

const isAtMinIsr = (replica: Replica): boolean =>
  isLed(replica) && inSyncCount(replica) === leastInSync(replica);

/** Kafka asks for no more than there are replicas. */
const leastInSync = (replica: Replica): number =>
  Math.min(replica.machine.config.minInsyncReplicas, Math.max(1, replicaCount(replica)));

const watchReplicas = (metrics: Metrics, { replicas }: BrokerView): void => {
  const gauge = (
    name: string,
    help: string,
    counts: (replica: Replica) => boolean,
    besides: () => number = () => 0,
  ): void => {
    metrics.observe('gauge', `kafka_server_replicamanager_${name}`, help, (tell) => {
      let count = besides();
      for (const replica of replicas.all()) if (counts(replica)) count += 1;
      tell(count);
    });
  };
  gauge('partitioncount', 'Partitions that this broker holds.', () => true);
  gauge('leadercount', 'Partitions that this broker leads.', isLed);
  gauge(
    'offlinereplicacount',
    'Partitions of this broker whose log directory has failed.',
    ({ machine }) => machine.role.kind === 'offline',
    () => replicas.away.count,
  );
  gauge(
    'underreplicatedpartitions',
    'Led partitions with fewer replicas in sync than they have.',
    isUnderReplicated,
  );
  gauge(
    'underminisrpartitioncount',
    'Led partitions with fewer replicas in sync than min.insync.replicas.',
    isUnderMinIsr,
  );
  gauge(
    'atminisrpartitioncount',
    'Led partitions with exactly min.insync.replicas in sync, or with all the replicas they have.',
    isAtMinIsr,
  );
  metrics.observe(
    'gauge',
    'kafka_server_replicamanager_produceridcount',
    'Producers that the partitions of this broker remember.',
    (tell) => {
      let count = 0;
      for (const { machine } of replicas.all()) count += machine.producerCount;
      tell(count);
    },
  );
};

const watchPartitions = (metrics: Metrics, { replicas }: BrokerView): void => {
  const gauge = (name: string, help: string, value: (replica: Replica) => number | undefined): void => {
    metrics.observe('gauge', name, help, (tell) => {
      tellPartitions(replicas, tell, value);
    });
  };
  gauge('kafka_log_log_size', 'Bytes of record batches in a partition.', ({ log }) => log.sizeBytes);
  gauge('kafka_log_log_numlogsegments', 'Segments of a partition.', ({ log }) => log.segmentCount);
  gauge(
    'kafka_log_log_logstartoffset',
    'First offset of a partition.',
    ({ machine }) => machine.logStartOffset,
  );
  gauge(
    'kafka_log_log_logendoffset',
    'Offset that the next record of a partition gets.',
    ({ machine }) => machine.endOffset,
  );
  const ledGauge = (name: string, help: string, value: (replica: Replica) => number): void => {
    gauge(`kafka_cluster_partition_${name}`, help, (replica) =>
      isLed(replica) ? value(replica) : undefined,
    );
  };
  ledGauge('replicascount', 'Replicas of a led partition.', replicaCount);
  ledGauge('insyncreplicascount', 'Replicas in sync of a led partition.', inSyncCount);
  ledGauge('underreplicated', '1 when a led partition has fewer replicas in sync than it has.', (replica) =>
    Number(isUnderReplicated(replica)),
  );
  ledGauge(
    'underminisr',
    '1 when a led partition has fewer replicas in sync than min.insync.replicas.',
    (replica) => Number(isUnderMinIsr(replica)),
  );
  ledGauge('atminisr', '1 when a led partition has exactly min.insync.replicas in sync.', (replica) =>
    Number(isAtMinIsr(replica)),
  );
  ledGauge(
    'laststableoffsetlag',
    'Records of a led partition between its last stable offset and its high watermark.',
    ({ machine }) => Math.max(0, machine.highWatermark - machine.lastStableOffset),
  );
  metrics.observe(
    'gauge',
    'kafkaesque_metrics_partitions_left_out',
    `Partitions whose own values are not told: at most ${MAX_TOLD_PARTITIONS} are.`,
    (tell) => {
      tell(Math.max(0, [...replicas.all()].length - MAX_TOLD_PARTITIONS));
    },
  );
};

const tellPartitions = (
  replicas: Replicas,
  tell: TellValue,
  value: (replica: Replica) => number | undefined,
): void => {
  let left = MAX_TOLD_PARTITIONS;
  for (const replica of replicas.all()) {
    if (left === 0) return;
    left -= 1;
    const now = value(replica);
    if (now !== undefined) tell(now, { topic: replica.topic, partition: String(replica.partition) });
  }
};

const watchLogDirectories = (metrics: Metrics, { directories }: BrokerView): void => {
  metrics.observe(
    'gauge',
    'kafka_log_logmanager_offlinelogdirectorycount',
    'Log directories that have failed.',
    (tell) => {
      tell(directories.all.filter(({ offlineReason }) => offlineReason !== undefined).length);
    },
  );
  metrics.observe(
    'gauge',
    'kafka_log_logmanager_logdirectoryoffline',
    '1 for a log directory that has failed.',
    (tell) => {
      for (const { path, offlineReason } of directories.all)
        tell(Number(offlineReason !== undefined), { logDirectory: path });
    },
  );
};

const watchRequestsThatWait = (
  metrics: Metrics,
  { waitingRoom, fetchSessions, answerMemory }: BrokerView,
): void => {
  const purgatory = (name: string, help: string): void => {
    metrics.observe('gauge', `kafka_server_delayedoperationpurgatory_${name}`, help, (tell) => {
      const { produceOperations, fetchOperations } = waitingRoom.sizes();
      tell(produceOperations, { delayedOperation: 'Produce' });
      tell(fetchOperations, { delayedOperation: 'Fetch' });
    });
  };
  purgatory('purgatorysize', 'Requests that wait for records, or for replicas and flushes.');
  purgatory(
    'numdelayedoperations',
    'The same as `purgatorysize`: whatever is over leaves the purgatory at once.',
  );
  metrics.observe(
    'counter',
    'kafka_server_delayedproducemetrics_expires_total',
    'Produce requests that waited until their time was over.',
    (tell) => {
      tell(waitingRoom.expired.produceOperations);
    },
  );
  metrics.observe(
    'counter',
    'kafka_server_delayedfetchmetrics_expires_total',
    'Fetch requests that waited until their time was over; a consumer at the end of its partitions does so all the time.',
    (tell) => {
      tell(waitingRoom.expired.fetchOperations, { fetcherType: 'consumer' });
    },
  );
  metrics.observe(
    'gauge',
    'kafka_server_fetchsessioncache_numincrementalfetchsessions',
    'Fetch sessions that are open.',
    (tell) => {
      tell(fetchSessions.size);
    },
  );
  metrics.observe(
    'gauge',
    'kafka_server_fetchsessioncache_numincrementalfetchpartitionscached',
    'Partitions that the open fetch sessions remember.',
    (tell) => {
      tell(fetchSessions.partitionCount);
    },
  );
  metrics.observe(
    'counter',
    'kafka_server_fetchsessioncache_incrementalfetchsessionevictions_total',
    'Fetch sessions that had to make room for others.',
    (tell) => {
      tell(fetchSessions.evictions);
    },
  );
  metrics.observe(
    'gauge',
    'kafkaesque_answer_memory_bytes',
    'Bytes reserved for the answers of Fetch requests that are on their way.',
    (tell) => {
      tell(answerMemory.usedBytes);
    },
  );
  metrics.observe(
    'gauge',
    'kafkaesque_answer_memory_waiting',
    'Fetch requests that wait for memory for their answer.',
    (tell) => {
      tell(answerMemory.waiting);
    },
  );
};
