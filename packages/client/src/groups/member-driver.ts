import { messageOf } from '@kafkaesque/kernel';
import type { CancelWake, Clock, Logger } from '@kafkaesque/kernel';
import { asClientError } from '../errors';
import type { ClientError } from '../errors';
import type { CommitIdentity } from './group-offsets';

/** The rules of a member by one of the protocols: synchronous, and told the time. */
export interface MemberRules<Input, Effect> {
  readonly identity: CommitIdentity;
  /** Where it is in its life, for whoever waits for a change of that. */
  readonly phase: string;
  /** When `{ kind: 'time' }` has to be the next input, at the latest. */
  readonly deadlineMs: number;
  step(input: Input | { readonly kind: 'time' }, nowMs: number): readonly Effect[];
}

export interface MemberDriverOptions<Input, Effect> {
  readonly rules: MemberRules<Input, Effect>;
  /** Does what the rules want; whatever comes of it goes to `answer`, in the name of the same life. */
  readonly carryOut: (effect: Effect, life: AbortSignal) => Promise<void>;
  /** The member is elsewhere in its life. */
  readonly changed: () => void;
  readonly groupId: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Runs the rules of a member, by either protocol: inputs in, effects carried out, the clock watched. What is carried out
 * belongs to one membership, a life; when that has ended, nobody hears what comes of it any more.
 */
export class MemberDriver<Input, Effect> {
  readonly #options: MemberDriverOptions<Input, Effect>;
  #cancelWake: CancelWake | undefined;
  #life = new AbortController();

  constructor(options: MemberDriverOptions<Input, Effect>) {
    this.#options = options;
  }

  /** Aborted when the membership of now ends. */
  get life(): AbortSignal {
    return this.#life.signal;
  }

  /** Whatever is under way is nobody's from now on. */
  end(): void {
    this.#life.abort();
    this.#life = new AbortController();
  }

  feed(input: Input | { readonly kind: 'time' }): void {
    const { rules, carryOut, clock, logger, groupId, changed } = this.#options;
    const before = rules.phase;
    const effects = rules.step(input, clock.monotonicMs());
    for (const effect of effects) void carryOut(effect, this.life);
    this.#arm();
    const { phase, identity } = rules;
    if (phase === before) return;
    logger.debug('a member moved on', { groupId, from: before, to: phase, ...identity });
    changed();
  }

  /** As `feed`, unless that life has ended meanwhile. */
  answer(life: AbortSignal, input: Input): void {
    if (!life.aborted) this.feed(input);
  }

  /** Waits for a request, and answers with what came of it. */
  async ask(life: AbortSignal, asked: Promise<Input>, failed: (error: ClientError) => Input): Promise<void> {
    let input: Input;
    try {
      input = await asked;
    } catch (error) {
      input = failed(asClientError(error));
    }
    this.answer(life, input);
  }

  /** Says goodbye: when that cannot be said, the session ends by itself later. */
  async leave(memberId: string, said: Promise<unknown>): Promise<void> {
    const { logger, groupId } = this.#options;
    try {
      await said;
    } catch (error) {
      logger.debug('a member could not say that it leaves', { groupId, memberId, why: messageOf(error) });
    }
  }

  #arm(): void {
    const { rules, clock } = this.#options;
    this.#cancelWake?.();
    const { deadlineMs } = rules;
    this.#cancelWake =
      deadlineMs === Infinity ? undefined : clock.wakeAt(deadlineMs, () => this.feed({ kind: 'time' }));
  }
}

/** A function, because it changes while something is awaited. */
export const hasEnded = (life: AbortSignal): boolean => life.aborted;
