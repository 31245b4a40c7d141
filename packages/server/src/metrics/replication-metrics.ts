import type { Metrics } from '@kafkaesque/kernel';
import type { IsrAnswer } from '../replication/replicated';

/** Counts what becomes of in-sync sets, and tells how far this broker is behind those that it follows. */
export class ReplicationMeters {
  #shrinks = 0;
  #expands = 0;
  #failures = 0;

  /** @param maxLag of followers behind their leaders @param maxMoveLag of copies in other log directories */
  constructor(metrics: Metrics, maxLag: () => number, maxMoveLag: () => number) {
    const counter = (name: string, help: string, count: () => number): void => {
      metrics.observe('counter', `kafka_server_replicamanager_${name}_total`, help, (tell) => tell(count()));
    };
    counter(
      'isrshrinks',
      'In-sync sets that lost a replica at the word of this broker.',
      () => this.#shrinks,
    );
    counter('isrexpands', 'In-sync sets that got a replica at the word of this broker.', () => this.#expands);
    counter(
      'failedisrupdates',
      'Changes of in-sync sets that the controller did not take from this broker.',
      () => this.#failures,
    );
    metrics.observe(
      'gauge',
      'kafka_server_replicafetchermanager_maxlag',
      'The most records by which a replica of this broker is behind what its leader lets consumers read.',
      (tell) => tell(maxLag(), { clientId: 'Replica' }),
    );
    metrics.observe(
      'gauge',
      'kafka_server_replicaalterlogdirsmanager_maxlag',
      'The most records that the copy of a replica lacks which moves to another log directory of this broker.',
      (tell) => tell(maxMoveLag(), { clientId: 'ReplicaAlterLogDirs' }),
    );
  }

  answered(answer: IsrAnswer, countBefore: number): void {
    if (answer.kind === 'refused') this.#failures += 1;
    else if (answer.isr.length < countBefore) this.#shrinks += 1;
    else if (answer.isr.length > countBefore) this.#expands += 1;
  }
}
