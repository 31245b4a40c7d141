import type { BrokerEpoch, BrokerId } from '@kafkaesque/kernel';
import { ProducerId } from '@kafkaesque/kernel';
import type { ControllerDoor } from '../controller/controller-host';

/** A block of producer ids that this broker may hand out. */
interface Block {
  next: number;
  readonly end: number;
  /** Past this one, the next block is fetched ahead. */
  readonly fetchAheadAt: number;
}

export interface ProducerIdsOptions {
  readonly brokerId: BrokerId;
  /** The epoch of this broker's registration: fences its earlier incarnations. */
  readonly brokerEpoch: () => BrokerEpoch;
  readonly controller: ControllerDoor;
}

/** Share of a block after which the next one is fetched. */
const FETCH_AHEAD_SHARE = 0.9;

/** Hands out producer ids from blocks that the controller reserves by record, so that none is ever given twice. */
export class ProducerIds {
  readonly #options: ProducerIdsOptions;
  #block: Block | undefined;
  #following: Block | undefined;
  #fetching: Promise<Block | undefined> | undefined;

  constructor(options: ProducerIdsOptions) {
    this.#options = options;
  }

  /** A fresh id; undefined when the controller did not give a block. */
  async next(): Promise<ProducerId | undefined> {
    for (;;) {
      const block = this.#block;
      if (block !== undefined && block.next < block.end) {
        const id = ProducerId(block.next++);
        if (id >= block.fetchAheadAt && this.#following === undefined) void this.#fetch();
        return id;
      }
      if (this.#following === undefined && (await this.#fetch()) === undefined) return undefined;
      // Another caller may have taken the block meanwhile: look again.
      if (this.#following === undefined) continue;
      this.#block = this.#following;
      this.#following = undefined;
    }
  }

  #fetch(): Promise<Block | undefined> {
    this.#fetching ??= this.#allocate().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #allocate(): Promise<Block | undefined> {
    const outcome = await this.#options.controller.submit({
      kind: 'allocate-producer-ids',
      brokerId: this.#options.brokerId,
      brokerEpoch: this.#options.brokerEpoch(),
    });
    if (outcome.kind !== 'done') return undefined;
    const { producerIdStart, producerIdLen } = outcome.response;
    this.#following = {
      next: producerIdStart,
      end: producerIdStart + producerIdLen,
      fetchAheadAt: producerIdStart + Math.floor(producerIdLen * FETCH_AHEAD_SHARE),
    };
    return this.#following;
  }
}
