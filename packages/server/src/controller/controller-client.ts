import type { BrokerId, Clock, Random } from '@kafkaesque/kernel';
import { backoffMs } from '@kafkaesque/kernel';
import type { Command, CommandResponses } from '@kafkaesque/metadata';
import type { MemberAnswer, MemberMessageDraft } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Attempt, EncodedCommand } from './command-codec';
import { decodeCommandResponse, encodeCommand, isForwarded, isRepeatable, repeated } from './command-codec';
import type { CommandOutcome, ControllerDoor, SubmitOptions } from './controller-host';

/** What became of a request to the active controller. */
export type AskOutcome =
  | { readonly kind: 'done'; readonly body: Buffer; readonly offset: number }
  | { readonly kind: 'refused'; readonly errorCode: number; readonly errorMessage: string | null }
  | { readonly kind: 'not-controller' }
  | { readonly kind: 'unknown'; readonly cause: unknown };

/** The controller in this process, if there is one. */
export interface LocalController {
  readonly isActive: boolean;
  submit<C extends Command>(command: C): Promise<CommandOutcome<CommandResponses[C['kind']]>>;
  ask(request: Pick<EncodedCommand, 'apiKey' | 'apiVersion' | 'body'>): Promise<AskOutcome>;
}

/** Who leads the metadata quorum in a term. */
export interface KnownLeader {
  readonly nodeId: BrokerId;
  readonly term: number;
}

export interface ControllerClientOptions {
  readonly nodeId: BrokerId;
  readonly clock: Clock;
  readonly random: Random;
  readonly local: LocalController | undefined;
  /** Who leads the quorum, as this node knows it, and in which term. */
  readonly leader: () => KnownLeader | undefined;
  /** Returns what tells the channel that took it from others; undefined: none did. */
  readonly send: (nodeId: BrokerId, message: MemberMessageDraft) => object | undefined;
  /** What this node's own image shows. */
  readonly shownOffset: () => number;
  /** Resolves once this node's own image shows that offset. */
  readonly whenApplied: (offset: number) => Promise<unknown>;
}

/** How long a request is tried, as long as nobody says no (`request.timeout.ms`). */
const DEFAULT_TIMEOUT_MS = 30_000;
const RETRY = { initialMs: 20, maximumMs: 500 } as const;

interface WaitingAnswer {
  readonly nodeId: BrokerId;
  /** The channel on which the answer would come. */
  channel: object | undefined;
  /** Doing it twice does no harm. */
  readonly mayRepeat: boolean;
  readonly resolve: (outcome: AskOutcome) => void;
}

/**
 * The way from any node to the active controller, wherever it is. What was refused, or never sent, is tried again with
 * the next one; what was sent and not answered only where doing it twice does no harm.
 */
export class ControllerClient implements ControllerDoor {
  readonly #options: ControllerClientOptions;
  readonly #waiting = new Map<number, WaitingAnswer>();
  #nextId = 1;
  #leaderWaiters: (() => void)[] = [];
  /** Those who wait until what they did is shown here. */
  readonly #showing = new Set<() => void>();
  #isClosed = false;

  constructor(options: ControllerClientOptions) {
    this.#options = options;
  }

  async submit<C extends Command>(
    command: C,
    { timeoutMs = DEFAULT_TIMEOUT_MS, caller }: SubmitOptions = {},
  ): Promise<CommandOutcome<CommandResponses[C['kind']]>> {
    type Outcome = CommandOutcome<CommandResponses[C['kind']]>;
    const { local } = this.#options;
    if (!isForwarded(command)) return local?.submit(command) ?? { kind: 'not-controller' };
    const forwarded = command;
    const encoded = encodeCommand(forwarded);
    const shownOffset = this.#options.shownOffset();
    const mayRepeat = isRepeatable(forwarded);
    const outcome = await this.#untilAnswered<Outcome>(timeoutMs, mayRepeat, {
      here: (retried) =>
        local?.submit(repeated(command, { retried, shownOffset })) ??
        Promise.resolve({ kind: 'not-controller' }),
      there: async (to, leftMs, retried) => {
        const asked = await this.#send(to, { ...encoded, retried, shownOffset }, leftMs, mayRepeat, caller);
        if (asked.kind !== 'done') return asked;
        const response = decodeCommandResponse(forwarded, asked.body) as CommandResponses[C['kind']];
        return { kind: 'done', response, offset: asked.offset };
      },
    });
    if (outcome.kind === 'done' && outcome.offset >= 0) await this.#shown(outcome.offset, timeoutMs);
    return outcome;
  }

  /** Asks something that is no command: how the quorum stands, or for another voter. */
  ask(
    request: Pick<EncodedCommand, 'apiKey' | 'apiVersion' | 'body'>,
    options: SubmitOptions & { readonly isRepeatable: boolean },
  ): Promise<AskOutcome> {
    const { timeoutMs = DEFAULT_TIMEOUT_MS, caller } = options;
    return this.#untilAnswered<AskOutcome>(timeoutMs, options.isRepeatable, {
      here: () => this.#options.local?.ask(request) ?? Promise.resolve({ kind: 'not-controller' }),
      there: (to, leftMs, retried) =>
        this.#send(
          to,
          { ...request, topicIds: [], retried, shownOffset: -1 },
          leftMs,
          options.isRepeatable,
          caller,
        ),
    });
  }

  /** Another member has answered. */
  answered(from: BrokerId, answer: MemberAnswer): void {
    const waiting = this.#waiting.get(answer.correlationId);
    if (waiting === undefined || waiting.nodeId !== from) return;
    this.#waiting.delete(answer.correlationId);
    waiting.resolve(outcomeOf(answer));
  }

  /** A channel has ended: what was asked on it is not answered any more. */
  lost(channel: object): void {
    for (const [id, waiting] of [...this.#waiting]) {
      if (waiting.channel !== channel) continue;
      this.#waiting.delete(id);
      waiting.resolve({ kind: 'unknown', cause: `the channel to node ${waiting.nodeId} ended` });
    }
  }

  /**
   * Somebody leads now, or another does, or a channel to a member is open. What is asked of one who led may be
   * answered late: one that stands still keeps its channels. Where it does no harm the new leader is asked at once.
   */
  leaderChanged(): void {
    const leader = this.#options.leader();
    for (const [id, waiting] of [...this.#waiting]) {
      if (leader === undefined || waiting.nodeId === leader.nodeId || !waiting.mayRepeat) continue;
      this.#waiting.delete(id);
      waiting.resolve({ kind: 'unknown', cause: `node ${waiting.nodeId} leads no more` });
    }
    for (const wake of this.#leaderWaiters.splice(0)) wake();
  }

  close(): void {
    this.#isClosed = true;
    for (const waiting of this.#waiting.values())
      waiting.resolve({ kind: 'unknown', cause: 'this node is closing' });
    this.#waiting.clear();
    this.leaderChanged();
    for (const end of [...this.#showing]) end();
  }

  async #untilAnswered<Outcome extends { readonly kind: string }>(
    timeoutMs: number,
    mayRepeat: boolean,
    way: {
      readonly here: (retried: boolean) => Promise<Outcome | { readonly kind: 'not-controller' }>;
      readonly there: (
        leader: KnownLeader,
        leftMs: number,
        retried: boolean,
      ) => Promise<Outcome | { readonly kind: 'not-controller' }>;
    },
  ): Promise<Outcome | { readonly kind: 'not-controller' }> {
    const { clock, nodeId, local } = this.#options;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    let last: Outcome | { readonly kind: 'not-controller' } = { kind: 'not-controller' };
    for (let attempt = 1, retried = false; ; attempt++) {
      const leader = this.#options.leader();
      const leftMs = deadlineMs - clock.monotonicMs();
      if (leftMs <= 0 || this.#isClosed) return last;
      if (leader !== undefined) {
        const isHere = leader.nodeId === nodeId && local !== undefined;
        const outcome = await (isHere ? way.here(retried) : way.there(leader, leftMs, retried));
        if (outcome.kind !== 'not-controller' && outcome.kind !== 'unknown') return outcome;
        if (outcome.kind === 'unknown') {
          if (!mayRepeat) return outcome;
          retried = true;
        }
        // What was sent once may have been done, whatever others say later.
        if (!retried || outcome.kind === 'unknown') last = outcome;
      }
      await this.#waitForLeader(Math.min(backoffMs(RETRY, attempt, this.#options.random), leftMs), leader);
    }
  }

  /** Until somebody leads; where somebody does already, for a moment. */
  #waitForLeader(waitMs: number, known: KnownLeader | undefined): Promise<void> {
    // Nobody wakes who begins to wait after the close.
    if (this.#isClosed) return Promise.resolve();
    const { clock } = this.#options;
    return new Promise((resolve) => {
      const cancel = clock.wakeAt(
        clock.monotonicMs() + (known === undefined ? Math.max(waitMs, 250) : waitMs),
        () => {
          this.#leaderWaiters = this.#leaderWaiters.filter((wake) => wake !== woken);
          resolve();
        },
      );
      const woken = (): void => {
        cancel();
        resolve();
      };
      this.#leaderWaiters.push(woken);
    });
  }

  #send(
    { nodeId, term }: KnownLeader,
    request: EncodedCommand & Attempt,
    timeoutMs: number,
    mayRepeat: boolean,
    caller: SubmitOptions['caller'],
  ): Promise<AskOutcome> {
    const { clock, send } = this.#options;
    const correlationId = this.#nextId++;
    return new Promise((resolve) => {
      const cancel = clock.wakeAt(clock.monotonicMs() + timeoutMs, () => {
        if (this.#waiting.delete(correlationId))
          resolve({ kind: 'unknown', cause: `node ${nodeId} did not answer in time` });
      });
      const waiting: WaitingAnswer = {
        nodeId,
        channel: undefined,
        mayRepeat,
        resolve: (outcome) => {
          cancel();
          resolve(outcome);
        },
      };
      this.#waiting.set(correlationId, waiting);
      waiting.channel = send(nodeId, {
        kind: 'MemberRequest',
        value: {
          correlationId,
          term,
          ...request,
          timeoutMs: Math.ceil(timeoutMs),
          principalType: caller?.principal.type ?? '',
          principalName: caller?.principal.name ?? '',
          clientHost: caller?.clientHost ?? '',
          clientId: caller?.clientId ?? '',
        },
      });
      if (waiting.channel !== undefined) return;
      this.#waiting.delete(correlationId);
      cancel();
      resolve({ kind: 'not-controller' });
    });
  }

  /** Whoever is told that it is done must find it done here. */
  async #shown(offset: number, timeoutMs: number): Promise<void> {
    if (this.#isClosed) return;
    const { clock, whenApplied } = this.#options;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        cancel();
        this.#showing.delete(end);
        resolve();
      };
      const cancel = clock.wakeAt(clock.monotonicMs() + timeoutMs, end);
      this.#showing.add(end);
      void whenApplied(offset).then(end);
    });
  }
}

const outcomeOf = ({ outcome, errorCode, errorMessage, metadataOffset, body }: MemberAnswer): AskOutcome => {
  switch (outcome) {
    case 0:
      return { kind: 'done', body: Buffer.from(body), offset: metadataOffset };
    case 1:
      return { kind: 'refused', errorCode, errorMessage };
    case 2:
      return { kind: 'not-controller' };
    default:
      return { kind: 'unknown', cause: errorMessage ?? `error ${errorCode}` };
  }
};

/** An outcome as it travels. */
export const answerOf = (correlationId: number, outcome: AskOutcome): MemberMessageDraft => {
  const empty = {
    correlationId,
    errorCode: 0,
    errorMessage: null,
    metadataOffset: -1,
    body: Buffer.alloc(0),
  };
  switch (outcome.kind) {
    case 'done':
      return {
        kind: 'MemberAnswer',
        value: { ...empty, outcome: 0, metadataOffset: outcome.offset, body: outcome.body },
      };
    case 'refused': {
      const { errorCode, errorMessage } = outcome;
      return { kind: 'MemberAnswer', value: { ...empty, outcome: 1, errorCode, errorMessage } };
    }
    case 'not-controller':
      return {
        kind: 'MemberAnswer',
        value: { ...empty, outcome: 2, errorCode: ErrorCode.NOT_CONTROLLER },
      };
    case 'unknown':
      return {
        kind: 'MemberAnswer',
        value: {
          ...empty,
          outcome: 3,
          errorCode: ErrorCode.REQUEST_TIMED_OUT,
          errorMessage: String(outcome.cause),
        },
      };
  }
};
