import type { LeaderEpoch, Offset } from '@kafkaesque/kernel';
import type { MemberMessageDraft } from '@kafkaesque/protocol';
import type { Slices } from '@kafkaesque/storage';
import { FRAME_BYTES } from './limits';
import type { ReplicatedRules } from './replicated';

interface FramedRecords {
  readonly handle: number;
  readonly leaderEpoch: LeaderEpoch;
  readonly highWatermark: Offset;
  readonly logStartOffset: Offset;
  readonly fullyReplicatedOffset: Offset;
  readonly records: readonly Buffer[];
}

/** Gathers records of many partitions into frames of bounded size. Everything borrowed is given back by `send`. */
export class BatchFrame {
  readonly #send: (message: MemberMessageDraft) => boolean;
  #partitions: FramedRecords[] = [];
  #borrowed: Slices[] = [];
  #sizeBytes = 0;

  constructor(send: (message: MemberMessageDraft) => boolean) {
    this.#send = send;
  }

  add(handle: number, rules: ReplicatedRules, slices: Slices): void {
    const { leaderEpoch, highWatermark, logStartOffset, fullyReplicatedOffset } = rules;
    if (this.#sizeBytes > 0 && this.#sizeBytes + slices.sizeBytes > FRAME_BYTES) this.send();
    this.#partitions.push({
      handle,
      leaderEpoch,
      highWatermark,
      logStartOffset,
      fullyReplicatedOffset,
      records: slices.parts,
    });
    this.#borrowed.push(slices);
    this.#sizeBytes += slices.sizeBytes;
    if (this.#sizeBytes >= FRAME_BYTES) this.send();
  }

  send(): void {
    if (this.#partitions.length === 0) return;
    const partitions = this.#partitions;
    const borrowed = this.#borrowed;
    this.#partitions = [];
    this.#borrowed = [];
    this.#sizeBytes = 0;
    this.#send({ kind: 'ReplicaBatches', value: { partitions } });
    // Encoding has copied them.
    for (const slices of borrowed) slices.release();
  }
}
