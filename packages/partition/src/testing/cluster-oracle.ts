import type { BrokerId, Offset } from '@kafkaesque/kernel';
import { baseSequenceOf, producerIdOf } from '@kafkaesque/protocol';
import type { ToyBroker } from './toy-broker';
import type { ToyController } from './toy-controller';

/** Sees everything, and says what may not be (RELIABILITY 2.2: P1 to P6, I1). */
export class ClusterOracle {
  /** By base offset: what was ever below somebody's high watermark. */
  readonly committed = new Map<number, string>();
  committedEnd = 0;
  /** What clients were told: by producer and sequence, at which offset. */
  readonly #acknowledged = new Map<string, number>();
  readonly #byPlace = new Map<string, string>();
  readonly #leaders = new Map<number, string>();
  readonly #highWatermarks = new Map<string, Offset>();

  acknowledged(producerId: number, sequence: number, baseOffset: Offset): void {
    const key = `${producerId}/${sequence}`;
    const before = this.#acknowledged.get(key);
    demand(before === undefined || before === baseOffset, `I2: ${key} at ${before ?? -1} and ${baseOffset}`);
    this.#acknowledged.set(key, baseOffset);
  }

  check(brokers: readonly ToyBroker[], controller: ToyController): void {
    for (const broker of brokers) {
      this.#checkLog(broker);
      if (broker.machine !== undefined) this.#checkMachine(broker, broker.machine);
    }
    for (const replica of controller.image.inSyncReplicas) this.#checkComplete(brokers, replica);
    for (const [key, baseOffset] of this.#acknowledged) {
      const stored = this.committed.get(baseOffset) ?? 'nothing';
      const [producerId = '', sequence = ''] = key.split('/');
      demand(
        stored.includes(`producer ${producerId} #${sequence},`),
        `P1: ${key} was acknowledged at ${baseOffset}, where there is ${stored}`,
      );
    }
  }

  /** P4: one epoch never gives an offset to two batches. */
  #checkLog({ id, log }: ToyBroker): void {
    for (const batch of log.batches) {
      const place = `${batch.leaderEpoch}/${batch.baseOffset}`;
      const before = this.#byPlace.get(place) ?? batch.identity;
      demand(before === batch.identity, `P4: ${id} has ${batch.identity}, others ${before}`);
      this.#byPlace.set(place, batch.identity);
    }
  }

  #checkMachine(broker: ToyBroker, machine: NonNullable<ToyBroker['machine']>): void {
    const { id, incarnation, log } = broker;
    const name = `${id} in its life ${incarnation}`;
    if (machine.role.kind === 'leader') {
      const known = this.#leaders.get(machine.leaderEpoch) ?? name;
      demand(known === name, `P5: epoch ${machine.leaderEpoch} has the leaders ${known} and ${name}`);
      this.#leaders.set(machine.leaderEpoch, name);
      demand(machine.highWatermark <= log.durableEndOffset, `P3: ${name} exposes what it may lose`);
    }
    demand((this.#highWatermarks.get(name) ?? 0) <= machine.highWatermark, `P3: ${name} goes back`);
    this.#highWatermarks.set(name, machine.highWatermark);
    if (broker.cutTo !== undefined || machine.role.kind === 'resigned') return;
    demand(machine.endOffset === log.endOffset, `${name} ends at ${machine.endOffset}, its log elsewhere`);
    this.#checkEpochs(name, broker, machine);
    for (const batch of log.batches) {
      if (batch.lastOffset >= machine.highWatermark) break;
      const before = this.committed.get(batch.baseOffset) ?? batch.identity;
      demand(before === batch.identity, `P2: ${name} exposes ${batch.identity}, exposed was ${before}`);
      this.committed.set(batch.baseOffset, batch.identity);
      this.committedEnd = Math.max(this.committedEnd, batch.lastOffset + 1);
    }
  }

  /** P5: both columns grow, and every batch is of the epoch that the cache says. */
  #checkEpochs(name: string, { log }: ToyBroker, { epochs }: NonNullable<ToyBroker['machine']>): void {
    epochs.forEach((entry, i) => {
      const next = epochs[i + 1];
      const grows =
        next === undefined || (next.leaderEpoch > entry.leaderEpoch && next.startOffset > entry.startOffset);
      demand(grows, `P5: the epochs of ${name} do not grow: ${JSON.stringify(epochs)}`);
    });
    for (const batch of log.batches) {
      const entry = epochs.findLast((candidate) => candidate.startOffset <= batch.baseOffset);
      demand(
        entry?.leaderEpoch === batch.leaderEpoch,
        `P5: ${name} believes ${batch.identity} to be of epoch ${entry?.leaderEpoch ?? -1}`,
      );
    }
  }

  /**
   * P1, P3, P7: whoever is in sync by the committed metadata holds everything that was ever exposed, durably. I1: in it
   * no sequence is missing, and none is there twice.
   */
  #checkComplete(brokers: readonly ToyBroker[], replica: BrokerId): void {
    const log = brokers.find((broker) => broker.id === replica)?.log;
    const sequences = new Map<number, number>();
    let end = 0;
    for (const batch of log?.batches.slice(0, log.durableCount) ?? []) {
      const expected = this.committed.get(batch.baseOffset);
      if (expected === undefined) break;
      demand(expected === batch.identity, `P2: ${replica}, in sync, has ${batch.identity}, not ${expected}`);
      end = batch.lastOffset + 1;
      const [producerId, sequence] = [producerIdOf(batch.bytes), baseSequenceOf(batch.bytes)];
      const next = sequences.get(producerId) ?? 0;
      demand(sequence === next, `I1: on ${replica} ${next} of producer ${producerId} is ${batch.identity}`);
      sequences.set(producerId, next + end - batch.baseOffset);
    }
    demand(end >= this.committedEnd, `P1: ${replica}, in sync, ends at ${end} of ${this.committedEnd}`);
  }
}

export const demand = (holds: boolean, message: string): void => {
  if (!holds) throw new Error(message);
};
