import type { Counter, Gauge, Histogram, Metrics } from '@kafkaesque/kernel';

export interface StorageMetrics {
  readonly flushMs: Histogram;
  readonly roundBytes: Histogram;
  readonly roundLogs: Histogram;
  readonly journalBytes: Gauge;
  readonly checkpoints: Counter;
  readonly segmentWriteBytes: Counter;
  readonly tailReads: Counter;
  readonly cachedReads: Counter;
  readonly diskReads: Counter;
  readonly failedRounds: Counter;
  readonly rebuiltIndexes: Counter;
}

/** `logDirectory`: the path of the log directory, as the label of Kafka's log metrics has it. */
export const storageMetrics = (metrics: Metrics, logDirectory: string): StorageMetrics => {
  const labels = { logDirectory };
  const counter = (name: string, help: string): Counter =>
    metrics.counter(`kafkaesque_storage_${name}_total`, help, labels);
  const histogram = (name: string, help: string): Histogram =>
    metrics.histogram(`kafkaesque_storage_${name}`, help, labels);
  const flush = histogram(
    'flush_ms',
    'Milliseconds from the write of a journal round to the end of its flush.',
  );
  const kafkaFlush = metrics.summary(
    'kafka_log_logflushstats_logflushrateandtimems',
    'Milliseconds that a flush of the journal took; `_count` counts the flushes. One flush covers all partitions of a round.',
  );
  return {
    flushMs: {
      record: (flushMs) => {
        flush.record(flushMs);
        kafkaFlush.record(flushMs);
      },
    },
    roundBytes: histogram('round_bytes', 'Bytes of record batches in a journal round.'),
    roundLogs: histogram('round_logs', 'Partitions that share a journal round.'),
    journalBytes: metrics.gauge('kafkaesque_storage_journal_bytes', 'Bytes of all journal files.', labels),
    checkpoints: counter('checkpoints', 'Checkpoints written.'),
    segmentWriteBytes: counter('segment_write_bytes', 'Bytes written to segments.'),
    tailReads: counter('tail_reads', 'Reads answered from the batches kept in memory.'),
    cachedReads: counter('cached_reads', 'Reads made at once because the page cache should hold the bytes.'),
    diskReads: counter('disk_reads', 'Reads that may wait for the disk.'),
    rebuiltIndexes: counter('rebuilt_indexes', 'Indexes rebuilt from batches.'),
    failedRounds: counter('failed_rounds', 'Journal rounds that failed for lack of space.'),
  };
};
