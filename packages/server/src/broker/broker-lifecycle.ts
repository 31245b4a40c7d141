import type { BrokerEpoch, BrokerId, CancelWake, Clock, Logger } from '@kafkaesque/kernel';
import { Failure } from '@kafkaesque/kernel';
import type { BrokerHeartbeatAnswer, RegisterBrokerCommand } from '@kafkaesque/metadata';
import { ErrorCode } from '@kafkaesque/protocol';
import type { CommandOutcome, ControllerDoor } from '../controller/controller-host';

export interface BrokerLifecycleOptions {
  readonly nodeId: BrokerId;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly controller: ControllerDoor;
  /** `broker.heartbeat.interval.ms`. */
  readonly heartbeatIntervalMs: number;
  /** `broker.session.timeout.ms`: an answer that takes longer is of no use. */
  readonly sessionTimeoutMs: number;
  /** `initial.broker.registration.timeout.ms`. */
  readonly registrationTimeoutMs: number;
  /** The metadata offset that this node has applied. */
  readonly metadataOffset: () => number;
  /** Ids of log directories that failed. */
  readonly offlineDirectories: () => readonly string[];
}

/** How a broker stands: what Kafka calls its state. */
export type BrokerStanding = 'starting' | 'fenced' | 'in-service' | 'leaving' | 'gone';

/** Leaving takes as long as leaderships need to move, but not for ever. */
const MAX_LEAVING_MS = 60_000;
const LEAVING_INTERVAL_MS = 50;
const REGISTER_AGAIN_MS = 100;

/** A broker's life in the cluster: it registers, says that it is alive, and hands over before it leaves (KIP-631). */
export class BrokerLifecycle {
  readonly #options: BrokerLifecycleOptions;
  #epoch = -1 as BrokerEpoch;
  #standing: BrokerStanding = 'starting';
  #cancel: CancelWake | undefined;
  #beating: Promise<void> | undefined;
  #isStopped = false;

  constructor(options: BrokerLifecycleOptions) {
    this.#options = options;
  }

  /** -1 before it is registered. */
  get epoch(): BrokerEpoch {
    return this.#epoch;
  }

  get standing(): BrokerStanding {
    return this.#standing;
  }

  /** Registers this incarnation. Resolves once this node's own image shows it; rejects with a Failure `CANNOT_START`. */
  async register(registration: RegisterBrokerCommand): Promise<BrokerEpoch> {
    const { clock, controller, registrationTimeoutMs } = this.#options;
    const deadlineMs = clock.monotonicMs() + registrationTimeoutMs;
    // Says more than that nobody answered any more when the time was over.
    let lastRefusal: (CommandOutcome<unknown> & { kind: 'refused' }) | undefined;
    for (;;) {
      const timeoutMs = Math.max(deadlineMs - clock.monotonicMs(), 0);
      const outcome = await controller.submit(registration, { timeoutMs });
      if (outcome.kind === 'done') {
        this.#epoch = outcome.response.brokerEpoch;
        this.#standing = 'fenced';
        return this.#epoch;
      }
      const isOver = this.#isStopped || clock.monotonicMs() >= deadlineMs;
      // The process before this one has a session until its end is noticed.
      const isDuplicate =
        outcome.kind === 'refused' && outcome.errorCode === ErrorCode.DUPLICATE_BROKER_REGISTRATION;
      if (outcome.kind === 'refused') lastRefusal = outcome;
      if (isOver || (outcome.kind === 'refused' && !isDuplicate))
        throw this.#notRegistered(lastRefusal ?? outcome);
      await this.#pause(REGISTER_AGAIN_MS);
    }
  }

  #notRegistered(outcome: Exclude<CommandOutcome<unknown>, { kind: 'done' }>): Failure<'CANNOT_START'> {
    const { nodeId, registrationTimeoutMs } = this.#options;
    return outcome.kind === 'refused'
      ? new Failure(
          'CANNOT_START',
          `The controller refused to register broker ${nodeId}: ${outcome.errorMessage ?? `error ${outcome.errorCode}`}`,
        )
      : new Failure(
          'CANNOT_START',
          `No active controller registered broker ${nodeId} within ${registrationTimeoutMs} ms ` +
            '(initial.broker.registration.timeout.ms). See that a majority of the controllers runs, and that ' +
            'controller.quorum.bootstrap.servers or controller.quorum.voters name them.',
        );
  }

  #pause(ms: number): Promise<void> {
    const { clock } = this.#options;
    return new Promise((resolve) => {
      clock.wakeAt(clock.monotonicMs() + ms, resolve);
    });
  }

  /** Begins to say that this broker is alive. Resolves once it is in service. */
  async enterService(): Promise<void> {
    const { heartbeatIntervalMs } = this.#options;
    while (!this.#isInService() && !this.#isLeaving() && !this.#isStopped) {
      await this.#beat(false);
      if (this.#isInService()) break;
      await this.#pause(Math.min(heartbeatIntervalMs, FIRST_INTERVAL_MS));
    }
    this.#schedule();
  }

  /** Hands its leaderships over, if somebody takes them, and is fenced. */
  async leave(): Promise<void> {
    if (this.#epoch < 0 || this.#standing === 'gone') return;
    const { clock, logger } = this.#options;
    this.#stopBeating();
    await this.#beating;
    this.#standing = 'leaving';
    const deadlineMs = clock.monotonicMs() + MAX_LEAVING_MS;
    while (clock.monotonicMs() < deadlineMs) {
      const answer = await this.#heartbeat(true);
      if (answer === undefined) {
        logger.warn('this broker leaves without a word from the controller: its session will end');
        break;
      }
      if (answer.shouldShutDown) break;
      await this.#pause(LEAVING_INTERVAL_MS);
    }
    this.#standing = 'gone';
  }

  /** Says nothing more. */
  stop(): void {
    this.#isStopped = true;
    this.#stopBeating();
  }

  #isInService(): boolean {
    return this.#standing === 'in-service';
  }

  /** Whoever leaves does not come back, not even by an answer that was under way. */
  #isLeaving(): boolean {
    return this.#standing === 'leaving' || this.#standing === 'gone';
  }

  #stopBeating(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #schedule(): void {
    if (this.#isStopped || this.#isLeaving()) return;
    const { clock, heartbeatIntervalMs } = this.#options;
    this.#cancel = clock.wakeAt(clock.monotonicMs() + heartbeatIntervalMs, () => {
      this.#beating = this.#beat(false).finally(() => {
        this.#beating = undefined;
        if (this.#cancel !== undefined) this.#schedule();
      });
    });
  }

  async #beat(wantShutDown: boolean): Promise<void> {
    const answer = await this.#heartbeat(wantShutDown);
    if (answer === undefined || this.#isLeaving()) return;
    const standing = answer.isFenced ? 'fenced' : 'in-service';
    if (standing !== this.#standing)
      this.#options.logger.info(answer.isFenced ? 'this broker is fenced' : 'this broker is in service', {
        brokerId: this.#options.nodeId,
        brokerEpoch: this.#epoch,
      });
    this.#standing = standing;
  }

  async #heartbeat(wantShutDown: boolean): Promise<BrokerHeartbeatAnswer | undefined> {
    const { nodeId, controller, metadataOffset, offlineDirectories, sessionTimeoutMs, logger } =
      this.#options;
    const outcome = await controller.submit(
      {
        kind: 'broker-heartbeat',
        brokerId: nodeId,
        brokerEpoch: this.#epoch,
        currentMetadataOffset: metadataOffset(),
        wantFence: false,
        wantShutDown,
        offlineLogDirs: offlineDirectories(),
        standing: { controlledShutdownOffset: undefined, lowestActiveOffset: Infinity },
      },
      { timeoutMs: sessionTimeoutMs },
    );
    if (outcome.kind === 'done') return outcome.response;
    if (outcome.kind === 'refused')
      logger.warn('the controller does not know this broker', {
        brokerId: nodeId,
        brokerEpoch: this.#epoch,
        errorCode: outcome.errorCode,
        error: outcome.errorMessage,
      });
    return undefined;
  }
}

/** Until it is in service a broker asks more often. */
const FIRST_INTERVAL_MS = 50;
