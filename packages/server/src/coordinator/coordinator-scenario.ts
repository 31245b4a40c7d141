import type { Decision, Now, RecordCodec, ReplayedMachine, Ticket } from '@kafkaesque/coordinator';
import type { CancelWake, Clock, Logger } from '@kafkaesque/kernel';
import { BrokerId, Failure, LeaderEpoch, Offset, PartitionIndex, TopicId } from '@kafkaesque/kernel';
import { silentLogger } from '@kafkaesque/kernel';
import type { Effect } from '@kafkaesque/partition';
import { Partition, defaultPartitionConfig } from '@kafkaesque/partition';
import type { AppendBatch, Slices } from '@kafkaesque/storage';
import type { Replica } from '../broker/replica';
import { CoordinatorHost } from './coordinator-host';
import { LoadingSlots } from './loading-slots';

/** Adds up: the smallest machine whose answer tells what it has replayed. */
interface Sum {
  readonly by: number;
}
type Question =
  { readonly kind: 'add'; readonly by: number } | { readonly kind: 'add-at'; readonly atMs: number };
export type Answer = number | string;

class SummingMachine implements ReplayedMachine<Sum, Question, Answer> {
  sum = 0;
  decide(question: Question, ticket: Ticket, _now: Now): Decision<Sum, Answer> {
    if (question.kind === 'add-at')
      return {
        records: [],
        then: () => [
          { kind: 'set-timer', key: 'add', atMs: question.atMs },
          { kind: 'reply', ticket, answer: this.sum },
        ],
      };
    const records = question.by === 0 ? [] : [{ by: question.by }];
    return { records, then: () => [{ kind: 'reply', ticket, answer: this.sum }] };
  }
  timer(): Decision<Sum, Answer> {
    return { records: [{ by: 1000 }] };
  }
  metadataChanged(): readonly Decision<Sum, Answer>[] {
    return [{ records: [{ by: 100 }] }];
  }
  replay({ by }: Sum): void {
    this.sum += by;
  }
  loaded(): readonly Decision<Sum, Answer>[] {
    return [];
  }
  refusal(_question: Question, errorCode: number): Answer {
    return `error ${errorCode}`;
  }
}

const codec: RecordCodec<Sum> = {
  encode: ({ by }) => ({ key: Buffer.from('sum'), value: Buffer.from(String(by)) }),
  decode: (_key, value) => ({ by: Number(String(value)) }),
};

/** Time that stands still until the test moves it. */
export class HandClock implements Clock {
  nowMs = 0;
  #waiting: { readonly atMs: number; readonly wake: () => void }[] = [];

  monotonicMs(): number {
    return this.nowMs;
  }
  wallMs(): number {
    return 1_700_000_000_000 + this.nowMs;
  }
  wakeAt(atMs: number, wake: () => void): CancelWake {
    const waiting = { atMs, wake };
    this.#waiting.push(waiting);
    return () => {
      this.#waiting = this.#waiting.filter((one) => one !== waiting);
    };
  }
  /** Moves on, and lets everything happen that is due by then. */
  async pass(ms: number): Promise<void> {
    this.nowMs += ms;
    for (;;) {
      await settled();
      const due = this.#waiting.find(({ atMs }) => atMs <= this.nowMs);
      if (due === undefined) return;
      this.#waiting = this.#waiting.filter((one) => one !== due);
      due.wake();
    }
  }
}

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

export const TOPIC = '__sums';
const SELF = BrokerId(1);

/** A host, one partition with a log in memory, and whoever appoints its leader. */
export class CoordinatorScene {
  readonly clock = new HandClock();
  readonly batches: AppendBatch[] = [];
  readonly replica: Replica;
  readonly host: CoordinatorHost<Sum, Question, Answer>;
  readonly loads: number[] = [];
  /** The next reads fail with it. */
  readsFailWith: string[] = [];
  /** So many reads give nothing, without an error. */
  emptyReads = 0;
  appendFails = false;
  #epoch = 0;

  constructor(options: { readonly loadBufferBytes?: number; readonly logger?: Logger } = {}) {
    const machine = new Partition(
      TopicId('AAAAAAAAAAAAAAAAAAAAAQ'),
      PartitionIndex(0),
      defaultPartitionConfig,
      { logStartOffset: Offset(0), endOffset: Offset(0), epochs: [] },
    );
    this.replica = {
      ...{ topic: TOPIC, topicId: machine.topicId, partition: machine.partition, machine },
      log: this.#log(),
      traffic: { appended: () => undefined },
      ...{ isDamaged: false, watcher: undefined },
    } as unknown as Replica;
    this.host = new CoordinatorHost({
      topic: TOPIC,
      machine: () => new SummingMachine(),
      codec,
      refusal: (_question, errorCode) => `error ${errorCode}`,
      replicas: { carryOut: (_replica, effects) => this.carryOut(effects), appended: () => undefined },
      clock: this.clock,
      logger: options.logger ?? silentLogger,
      options: { appendLingerMs: -1, commitTimeoutMs: 5000 },
      loadBufferBytes: options.loadBufferBytes ?? 1 << 20,
      slots: new LoadingSlots(1),
      loaded: (tookMs) => this.loads.push(tookMs),
    });
  }

  carryOut(effects: readonly Effect[]): void {
    for (const { kind } of effects) {
      if (kind === 'advanced') this.replica.watcher?.advanced();
      if (kind === 'resigned') this.host.roleChanged(this.replica);
    }
  }

  lead(): void {
    this.#epoch += 1;
    const leadership = {
      ...{ leaderEpoch: LeaderEpoch(this.#epoch), self: SELF, replicas: [SELF], inSyncReplicas: [SELF] },
      ...{ partitionEpoch: this.#epoch, leaderRecoveryState: 0 as const },
    };
    this.carryOut(this.replica.machine.becomeLeader(leadership));
    this.host.roleChanged(this.replica);
  }

  follow(): void {
    this.#epoch += 1;
    const followership = { leaderEpoch: LeaderEpoch(this.#epoch), leader: BrokerId(2) };
    this.carryOut(this.replica.machine.becomeFollower(followership));
    this.host.roleChanged(this.replica);
  }

  /** What a log that failed still has; its replica waits to be appointed anew. */
  recover(): void {
    const endOffset = this.replica.log.endOffset;
    const epochs = [{ leaderEpoch: LeaderEpoch(this.#epoch), startOffset: Offset(0) }];
    this.replica.machine.recover({ logStartOffset: Offset(0), endOffset, epochs });
  }

  durable(): void {
    const last = this.batches.at(-1);
    if (last !== undefined)
      this.carryOut(this.replica.machine.durable(this.replica.log.endOffset, last.leaderEpoch));
  }

  /** An answer that has come once everything appended is durable. */
  async answered(question: Question): Promise<Answer> {
    const answer = this.host.ask(0, question);
    await settled();
    // Behind a batch that was on its way another one may have been gathered.
    this.durable();
    this.durable();
    return answer;
  }

  #log(): Replica['log'] {
    const { batches } = this;
    const ends = (): number => (batches.at(-1)?.lastOffset ?? -1) + 1;
    return {
      logStartOffset: Offset(0),
      get endOffset() {
        return Offset(ends());
      },
      append: (placed: readonly AppendBatch[]) => {
        if (this.appendFails) throw new Failure('LOG_FAILED', 'no');
        batches.push(...placed);
      },
      read: (from: number, upTo: number, maxBytes: number) => {
        const failure = this.readsFailWith.shift();
        if (failure !== undefined) throw new Failure(failure, 'no');
        this.emptyReads -= 1;
        return slicesOf(batches, from, this.emptyReads >= 0 ? from : upTo, maxBytes);
      },
    } as unknown as Replica['log'];
  }
}

const slicesOf = (batches: readonly AppendBatch[], from: number, upTo: number, maxBytes: number): Slices => {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  let nextOffset = from;
  for (const { bytes, lastOffset } of batches) {
    if (lastOffset < from || lastOffset >= upTo) continue;
    if (parts.length > 0 && sizeBytes + bytes.length > maxBytes) break;
    parts.push(bytes);
    sizeBytes += bytes.length;
    nextOffset = lastOffset + 1;
  }
  return {
    parts,
    sizeBytes,
    firstOffset: Offset(from),
    nextOffset: Offset(nextOffset),
    release: () => undefined,
  };
};
