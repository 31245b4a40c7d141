export type { Brand } from './brand';
export {
  BrokerEpoch,
  BrokerId,
  LeaderEpoch,
  Lsn,
  NO_BROKER,
  NO_LEADER_EPOCH,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  NO_TIMESTAMP,
  Offset,
  PartitionIndex,
  ProducerEpoch,
  ProducerId,
  TimestampMs,
  TopicId,
  ZERO_TOPIC_ID,
} from './ids';
export { InvariantError, assert, assertNever } from './assert';
export { Failure, hasCode, messageOf, thrownError } from './errors';
export type { FaultHandler, SystemCode } from './errors';
export type { CancelWake, Clock } from './world/clock';
export type { Random } from './world/random';
export { SeededRandom } from './world/seeded-random';
export type { Disk, DiskEntry, DiskFile } from './world/disk';
export type { Connection, ConnectionEnd, ConnectionHandler } from './world/connection';
export type {
  AcceptChannel,
  Channel,
  ChannelDialer,
  ChannelEnd,
  ChannelHandler,
  MemberAddress,
} from './world/channel';
export { inlineCompute } from './world/compute';
export type { Compute, ComputeJob } from './world/compute';
export { silentLogger } from './world/logger';
export type { LogFields, Logger } from './world/logger';
export { silentMetrics } from './world/metrics';
export type { Counter, Gauge, Histogram, MetricLabels, Metrics, TellValue } from './world/metrics';
export { BufferPool } from './memory/buffer-pool';
export type { BufferPoolOptions, Lease } from './memory/buffer-pool';
export { Ring } from './collections/ring';
export { backoffMs } from './timing/backoff';
export type { Backoff } from './timing/backoff';
export { TimerWheel } from './timing/timer-wheel';
export type { Timer } from './timing/timer-wheel';
