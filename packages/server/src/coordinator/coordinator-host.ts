import type { PartitionIndex } from '@kafkaesque/kernel';
import type { RuntimePhase } from '@kafkaesque/coordinator';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Replica } from '../broker/replica';
import { HostedPartition } from './hosted-partition';
import type { HostedParts } from './hosted-partition';

export interface CoordinatorHostParts<Record, Request, Answer> extends HostedParts<Record, Request, Answer> {
  /** The internal topic. */
  readonly topic: string;
  /** The answer to a request that nobody here can serve. */
  readonly refusal: (request: Request, errorCode: number) => Answer;
}

/** The coordinators on one internal topic: one for each partition that is led here. */
export class CoordinatorHost<Record, Request, Answer> {
  readonly #parts: CoordinatorHostParts<Record, Request, Answer>;
  readonly #byPartition = new Map<number, HostedPartition<Record, Request, Answer>>();
  #isClosed = false;

  constructor(parts: CoordinatorHostParts<Record, Request, Answer>) {
    this.#parts = parts;
  }

  /** The coordinators there are, those that load included. */
  get all(): Iterable<HostedPartition<Record, Request, Answer>> {
    return this.#byPartition.values();
  }

  /** How many are in that phase. */
  countOf(phase: RuntimePhase): number {
    let count = 0;
    for (const { runtime } of this.all) if (runtime.phase === phase) count += 1;
    return count;
  }

  find(partition: number): HostedPartition<Record, Request, Answer> | undefined {
    return this.#byPartition.get(partition);
  }

  /** A replica has another role, or none any more; of any topic. */
  roleChanged(replica: Replica): void {
    if (replica.topic !== this.#parts.topic || this.#isClosed) return;
    const { partition } = replica;
    const known = this.#byPartition.get(partition);
    const isLed = replica.machine.role.kind === 'leader';
    if (isLed && known?.replica === replica) return;
    if (known !== undefined && (isLed || known.replica === replica)) this.#end(partition, known);
    if (isLed) this.#begin(replica);
  }

  /** Asks the coordinator of one partition; the answer never fails to come. */
  ask(partition: number, request: Request): Promise<Answer> {
    const hosted = this.#byPartition.get(partition);
    if (hosted === undefined) return Promise.resolve(this.#parts.refusal(request, ErrorCode.NOT_COORDINATOR));
    return new Promise((resolve) => hosted.ask(request, resolve));
  }

  /** The committed metadata have changed in a way that machines may want to know. */
  metadataChanged(): void {
    for (const hosted of [...this.all]) hosted.metadataChanged();
  }

  close(): void {
    this.#isClosed = true;
    for (const [partition, hosted] of [...this.#byPartition]) this.#end(partition, hosted);
  }

  #begin(replica: Replica): void {
    const hosted = new HostedPartition(replica, this.#parts);
    this.#byPartition.set(replica.partition, hosted);
    replica.watcher = hosted;
    hosted.open();
  }

  #end(partition: PartitionIndex | number, hosted: HostedPartition<Record, Request, Answer>): void {
    this.#byPartition.delete(partition);
    hosted.replica.watcher = undefined;
    hosted.close();
  }
}
