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

export const storageMetrics = (metrics: Metrics): StorageMetrics => ({
  flushMs: metrics.histogram(
    'kafkaesque_storage_flush_ms',
    'Time from the write of a journal round to its flush',
  ),
  roundBytes: metrics.histogram('kafkaesque_storage_round_bytes', 'Bytes of a journal round'),
  roundLogs: metrics.histogram('kafkaesque_storage_round_logs', 'Logs that share a journal round'),
  journalBytes: metrics.gauge('kafkaesque_storage_journal_bytes', 'Bytes of all journal files'),
  checkpoints: metrics.counter('kafkaesque_storage_checkpoints_total', 'Checkpoints written'),
  segmentWriteBytes: metrics.counter(
    'kafkaesque_storage_segment_write_bytes_total',
    'Bytes written to segments',
  ),
  tailReads: metrics.counter('kafkaesque_storage_tail_reads_total', 'Reads answered from memory'),
  cachedReads: metrics.counter(
    'kafkaesque_storage_cached_reads_total',
    'Reads made at once because the page cache should hold the bytes',
  ),
  diskReads: metrics.counter('kafkaesque_storage_disk_reads_total', 'Reads that may wait for the disk'),
  rebuiltIndexes: metrics.counter('kafkaesque_storage_rebuilt_indexes_total', 'Indexes rebuilt from batches'),
  failedRounds: metrics.counter(
    'kafkaesque_storage_failed_rounds_total',
    'Rounds that failed for lack of space',
  ),
});
