import type { Counter, Metrics } from '@kafkaesque/kernel';
import type { AppendAccepted } from '@kafkaesque/partition';
import { recordCountOf } from '@kafkaesque/protocol';

/** Counts what comes in and goes out (Kafka's BrokerTopicMetrics). */
export class Traffic {
  readonly #messagesIn: Counter;
  readonly #bytesIn: Counter;
  readonly #bytesOut: Counter;

  constructor(metrics: Metrics) {
    const name = (metric: string): string => `kafka_server_brokertopicmetrics_${metric}_total`;
    this.#messagesIn = metrics.counter(name('messagesin'), 'Records appended');
    this.#bytesIn = metrics.counter(name('bytesin'), 'Bytes of record batches appended');
    this.#bytesOut = metrics.counter(name('bytesout'), 'Bytes of record batches sent to consumers');
  }

  appended(_topic: string, outcome: AppendAccepted): void {
    for (const { bytes } of outcome.batches) {
      this.#messagesIn.add(recordCountOf(bytes, 0));
      this.#bytesIn.add(bytes.length);
    }
  }

  fetched(_topic: string, sizeBytes: number): void {
    this.#bytesOut.add(sizeBytes);
  }
}
