import { NO_PRODUCER_EPOCH, NO_PRODUCER_ID } from '@kafkaesque/kernel';
import type { ProducerId } from '@kafkaesque/kernel';
import { brokerError } from '../broker-error';
import type { ClusterView } from '../cluster/cluster-view';
import type { ProducerIdentity } from './producer-batch';

/** Idempotent producers without transactions have nothing that could time out. */
const NO_TRANSACTION_TIMEOUT_MS = 2_147_483_647;

/** Gets producer ids from the cluster: one for the producer's life, another only when an id's epochs are used up. */
export class ProducerIdentitySource {
  readonly #cluster: ClusterView;
  readonly #timeoutMs: number;
  #current: ProducerIdentity | undefined;

  constructor(cluster: ClusterView, timeoutMs: number) {
    this.#cluster = cluster;
    this.#timeoutMs = timeoutMs;
  }

  /** Known already, and not the one that is spent. */
  current(spent?: ProducerId): ProducerIdentity | undefined {
    return this.#current?.producerId === spent ? undefined : this.#current;
  }

  async obtain(): Promise<ProducerIdentity> {
    const draft = {
      transactionalId: null,
      transactionTimeoutMs: NO_TRANSACTION_TIMEOUT_MS,
      producerId: NO_PRODUCER_ID,
      producerEpoch: NO_PRODUCER_EPOCH,
    };
    const answer = await this.#cluster.ask('InitProducerId', draft, {
      timeoutMs: this.#timeoutMs,
      again: 'always',
    });
    if (answer.errorCode !== 0) throw brokerError(answer.errorCode);
    this.#current = { producerId: answer.producerId, epoch: answer.producerEpoch };
    return this.#current;
  }
}
