import type { FaultHandler, Logger, Random } from '@kafkaesque/kernel';
import { messageOf } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type {
  Command,
  CommandResponses,
  CommittedBatch,
  Controller,
  Leadership,
  MetadataDelta,
  MetadataImage,
  Quorum,
  QuorumListener,
  SnapshotSink,
  StateSnapshot,
} from '@kafkaesque/metadata';

/**
 * How a command ended. `done`: its records are committed, and this node has seen them. `refused` and `not-controller`
 * are definite: nothing changed. `unknown`: it may still be committed.
 */
export type CommandOutcome<Response> =
  | { readonly kind: 'done'; readonly response: Response; readonly offset: number }
  | { readonly kind: 'refused'; readonly errorCode: number; readonly errorMessage: string | null }
  | { readonly kind: 'not-controller' }
  | { readonly kind: 'unknown'; readonly cause: unknown };

/** What brokers ask of the active controller; later, the same over the network. */
export interface ControllerDoor {
  submit<C extends Command>(command: C): Promise<CommandOutcome<CommandResponses[C['kind']]>>;
}

export interface ControllerHostOptions {
  readonly controller: Controller;
  readonly random: Random;
  readonly logger: Logger;
  readonly faults: FaultHandler;
  /** Told of every committed change, in order, before the answers of the commands that made it. */
  readonly publish: (delta: MetadataDelta) => void;
}

interface WaitingForOffset {
  readonly offset: number;
  /** Whether it came so far; not when leadership was lost first. */
  readonly resolve: (isCommitted: boolean) => void;
}

/** Carries out what the controller decides: proposals into the quorum, committed batches back, answers out. */
export class ControllerHost implements ControllerDoor, QuorumListener {
  readonly #options: ControllerHostOptions;
  readonly #controller: Controller;
  #quorum: Quorum | undefined;
  #leadership: Leadership = { kind: 'unattached', epoch: 0 };
  #waiting: WaitingForOffset[] = [];

  constructor(options: ControllerHostOptions) {
    this.#options = options;
    this.#controller = options.controller;
  }

  /** The committed state: what is shown. */
  get image(): MetadataImage {
    return this.#controller.committed;
  }

  get isActive(): boolean {
    return this.#leadership.kind === 'leader';
  }

  /** The quorum delivers to this host from now on. */
  attach(quorum: Quorum): void {
    this.#quorum = quorum;
    this.#leadership = quorum.leadership;
  }

  async submit<C extends Command>(command: C): Promise<CommandOutcome<CommandResponses[C['kind']]>> {
    const quorum = this.#quorum;
    if (quorum === undefined || this.#leadership.kind !== 'leader') return { kind: 'not-controller' };
    const { epoch } = this.#leadership;
    const decision = this.#controller.decide(command, {
      random: this.#options.random,
      nextOffset: quorum.nextOffset,
    });
    if (decision.kind === 'refused') {
      return { kind: 'refused', errorCode: decision.errorCode, errorMessage: decision.errorMessage };
    }
    if (decision.records.length === 0) {
      // The decision may rest on batches that are appended but not committed: its answer may not overtake them.
      const readAt = this.#controller.speculative.offset;
      if (!(await this.#committed(readAt))) return { kind: 'unknown', cause: 'leadership was lost' };
      return { kind: 'done', response: decision.response, offset: readAt };
    }
    const proposal = quorum.propose(decision.records, epoch);
    if (proposal.kind === 'refused') {
      if (proposal.reason === 'not-leader') return { kind: 'not-controller' };
      // Definite: nothing was written.
      return proposal.reason === 'too-large'
        ? refused(ErrorCode.POLICY_VIOLATION, 'The request makes more metadata than one batch may hold.')
        : refused(ErrorCode.THROTTLING_QUOTA_EXCEEDED, 'Too many changes of the metadata are under way.');
    }
    this.#controller.appended(proposal.offset, epoch, decision.records);
    const outcome = await proposal.outcome;
    if (outcome.kind === 'committed')
      return { kind: 'done', response: decision.response, offset: outcome.offset };
    return outcome.kind === 'dropped'
      ? { kind: 'not-controller' }
      : { kind: 'unknown', cause: outcome.cause };
  }

  committed(batches: readonly CommittedBatch[]): void {
    for (const batch of batches) this.#publish(this.#controller.apply(batch));
  }

  restore(offset: number, epoch: number): SnapshotSink {
    return this.#controller.restore(offset, epoch, (delta) => {
      this.#publish(delta);
    });
  }

  leadership(state: Leadership): void {
    if (this.#leadership.kind === 'leader' && state.kind !== 'leader') this.#controller.resign();
    if (state.kind !== 'leader') for (const one of this.#waiting.splice(0)) one.resolve(false);
    this.#leadership = state;
    this.#options.logger.info('metadata leadership', { state: state.kind, epoch: state.epoch });
  }

  snapshot(): StateSnapshot {
    return this.#controller.snapshot();
  }

  #publish(delta: MetadataDelta): void {
    try {
      this.#options.publish(delta);
    } catch (error) {
      this.#options.faults.fault(
        `applying metadata offset ${delta.after.offset}: ${messageOf(error)}`,
        error,
      );
      return;
    }
    const { offset } = delta.after;
    const ready = this.#waiting.filter((one) => one.offset <= offset);
    if (ready.length === 0) return;
    this.#waiting = this.#waiting.filter((one) => one.offset > offset);
    for (const one of ready) one.resolve(true);
  }

  #committed(offset: number): Promise<boolean> {
    if (this.#controller.committed.offset >= offset) return Promise.resolve(true);
    return new Promise((resolve) => {
      this.#waiting.push({ offset, resolve });
    });
  }
}

const refused = (errorCode: number, errorMessage: string) =>
  ({ kind: 'refused', errorCode, errorMessage }) as const;
