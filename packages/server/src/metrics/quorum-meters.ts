import type { Clock, Metrics } from '@kafkaesque/kernel';
import { RecentValues } from './recent-values';

/** Measures what the metadata quorum commits (Kafka's KafkaRaftMetrics). */
export class QuorumMeters {
  readonly #latencies: RecentValues;
  readonly #records: RecentValues;

  constructor(metrics: Metrics, clock: Clock) {
    this.#latencies = new RecentValues(clock);
    this.#records = new RecentValues(clock);
    const gauge = (name: string, help: string, value: () => number): void => {
      metrics.observe('gauge', `kafka_server_raftmetrics_${name}`, help, (tell) => {
        tell(value());
      });
    };
    gauge(
      'commit_latency_avg',
      'Milliseconds from the proposal of metadata until they were committed, on average over the last minute; NaN when there were none.',
      () => this.#latencies.read().average,
    );
    gauge(
      'commit_latency_max',
      'The longest time from a proposal of metadata to its commit over the last minute, in milliseconds; NaN when there were none.',
      () => this.#latencies.read().max,
    );
    gauge(
      'append_records_rate',
      'Metadata records that this node committed as leader, a second, over the last minute.',
      () => this.#records.read().perSecond,
    );
  }

  /** A batch of `recordCount` records was proposed here and is committed `latencyMs` later. */
  committed(latencyMs: number, recordCount: number): void {
    this.#latencies.add(latencyMs);
    this.#records.add(recordCount);
  }
}
