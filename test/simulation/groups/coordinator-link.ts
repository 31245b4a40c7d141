import type { Random } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type { ApiName, RequestDraftOf, ResponseOf } from '@kafkaesque/protocol';
import type { Attachment, Scheduler } from '@kafkaesque/sim';
import { KafkaLink } from '../cluster/kafka-link';
import { hostOf } from '../cluster/node';

const FIND_VERSION = 4;
const FIND_TIMEOUT_MS = 2_000;
const PAUSE_MS = 200;

/** Answers after which somebody else may be the coordinator, or the same one soon. */
const elsewhere: readonly number[] = [
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
];

/** A member's connections, and who coordinates its group. */
export class CoordinatorLink {
  readonly #links: readonly KafkaLink[];
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #group: string;
  readonly #found: (nodeId: number) => void;
  #nodeId: number | undefined;
  #answeredBy = -1;

  constructor(
    group: string,
    options: {
      readonly brokerCount: number;
      readonly network: Attachment;
      readonly scheduler: Scheduler;
      readonly random: Random;
      /** Told of each coordinator. */
      readonly found: (nodeId: number) => void;
    },
  ) {
    const { brokerCount, network, scheduler, random, found } = options;
    this.#group = group;
    this.#scheduler = scheduler;
    this.#random = random;
    this.#found = found;
    this.#links = Array.from(
      { length: brokerCount },
      (_, index) => new KafkaLink(network, scheduler, hostOf(index + 1)),
    );
  }

  /** The broker that gave the last answer. */
  get answeredBy(): number {
    return this.#answeredBy;
  }

  /** Asks the coordinator; undefined when nobody knows what became of it, or nobody coordinates now. */
  async ask<Name extends ApiName>(
    name: Name,
    version: number,
    draft: RequestDraftOf<Name>,
    timeoutMs: number,
  ): Promise<ResponseOf<Name> | undefined> {
    const nodeId = (this.#nodeId ??= await this.#find());
    const link = nodeId === undefined ? undefined : this.#links[nodeId - 1];
    if (nodeId === undefined || link === undefined) {
      await this.pause(1 + this.#random.below(PAUSE_MS));
      return undefined;
    }
    const answer = await link.ask(name, version, draft, timeoutMs);
    if (answer.kind === 'answered') {
      this.#answeredBy = nodeId;
      return answer.body;
    }
    this.#nodeId = undefined;
    await this.pause(1 + this.#random.below(PAUSE_MS));
    return undefined;
  }

  /** Whether an error says that the coordinator is not there; it is looked for anew. */
  async isElsewhere(errorCode: number): Promise<boolean> {
    if (!elsewhere.includes(errorCode)) return false;
    if (errorCode !== ErrorCode.COORDINATOR_LOAD_IN_PROGRESS) this.#nodeId = undefined;
    await this.pause(1 + this.#random.below(PAUSE_MS));
    return true;
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#scheduler.after(ms, 'member.pause', resolve);
    });
  }

  /** The process is gone. */
  drop(): void {
    for (const link of this.#links) link.drop();
  }

  async #find(): Promise<number | undefined> {
    const link = this.#links[this.#random.below(this.#links.length)];
    const answer = await link?.ask(
      'FindCoordinator',
      FIND_VERSION,
      { keyType: 0, coordinatorKeys: [this.#group] },
      FIND_TIMEOUT_MS,
    );
    if (answer?.kind !== 'answered') return undefined;
    const [told] = answer.body.coordinators;
    if (told?.errorCode !== ErrorCode.NONE) return undefined;
    this.#found(told.nodeId);
    return told.nodeId;
  }
}
