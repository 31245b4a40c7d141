import type { FaultHandler, Logger, Random } from '@kafkaesque/kernel';
import { hasCode, messageOf } from '@kafkaesque/kernel';
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

/** How long a command may take, and on whose behalf it is given. */
export interface SubmitOptions {
  readonly timeoutMs?: number;
  readonly caller?: {
    readonly principal: { readonly type: string; readonly name: string };
    readonly clientHost: string;
    readonly clientId: string;
  };
}

/** What is asked of the active controller, in this process or elsewhere. */
export interface ControllerDoor {
  submit<C extends Command>(
    command: C,
    options?: SubmitOptions,
  ): Promise<CommandOutcome<CommandResponses[C['kind']]>>;
}

/** What a controller decides with, and who is told. */
export interface ControllerHostOptions {
  readonly controller: Controller;
  readonly random: Random;
  readonly logger: Logger;
  readonly faults: FaultHandler;
  /** Told of every committed change, in order, before the answers of the commands that made it. */
  readonly publish: (delta: MetadataDelta) => void;
}

/** Is told what a controller commits, and who leads. */
export interface ControllerObserver {
  changed(delta: MetadataDelta): void;
  leadership(state: Leadership): void;
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
  #observer: ControllerObserver | undefined;
  #leadership: Leadership = { kind: 'unattached', epoch: 0 };
  #waiting: WaitingForOffset[] = [];
  #followers: { readonly offset: number; readonly resolve: () => void }[] = [];

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

  /** Resolves once the committed state has that offset, whoever leads. */
  whenApplied(offset: number): Promise<void> {
    if (this.#controller.committed.offset >= offset) return Promise.resolve();
    return new Promise((resolve) => {
      this.#followers.push({ offset, resolve });
    });
  }

  /** Who else is told of every committed change, behind `publish`, and of leadership. */
  observe(observer: ControllerObserver): void {
    this.#observer = observer;
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
    if (decision.kind === 'refused' || decision.records.length === 0) {
      // The decision may rest on batches that are appended but not committed: its answer may not overtake them.
      const readAt = this.#controller.speculative.offset;
      if (command.kind !== 'broker-heartbeat' && !(await this.#stillLeads(quorum)))
        return { kind: 'not-controller' };
      // Nothing was written for this command, so whoever leads next may be asked again.
      if (!(await this.#committed(readAt)) || !this.#leads(epoch)) return { kind: 'not-controller' };
      if (decision.kind === 'decided') return { kind: 'done', response: decision.response, offset: readAt };
      const { errorCode, errorMessage } = decision;
      return { kind: 'refused', errorCode, errorMessage };
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
    if (outcome.kind === 'committed') {
      // What does not go into one batch goes on with the same command; each batch by itself is a step towards it.
      if (decision.again === true) return this.submit(command);
      return { kind: 'done', response: decision.response, offset: outcome.offset };
    }
    return outcome.kind === 'dropped'
      ? { kind: 'not-controller' }
      : { kind: 'unknown', cause: outcome.cause };
  }

  #leads(epoch: number): boolean {
    return this.#leadership.kind === 'leader' && this.#leadership.epoch === epoch;
  }

  /** What this controller decided without a record may rest on what another leader has changed since. */
  async #stillLeads(quorum: Quorum): Promise<boolean> {
    try {
      await quorum.readBarrier();
      return true;
    } catch (error) {
      if (!hasCode(error, 'NOT_LEADER')) throw error;
      return false;
    }
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
    this.#observer?.leadership(state);
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
    this.#observer?.changed(delta);
    const { offset } = delta.after;
    if (this.#followers.length > 0) {
      for (const one of this.#followers) if (one.offset <= offset) one.resolve();
      this.#followers = this.#followers.filter((one) => one.offset > offset);
    }
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
