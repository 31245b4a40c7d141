import type { BrokerId, CancelWake, ChannelDialer, Clock, Logger } from '@kafkaesque/kernel';
import type { Dial, MetadataDelta, SessionEffect, SessionInput } from '@kafkaesque/metadata';
import { BrokerSessions } from '@kafkaesque/metadata';
import { BrokerId as brokerId } from '@kafkaesque/kernel';
import type { MemberIdentity } from '../members/member-link';
import { MemberLink } from '../members/member-link';

export interface BrokerSessionHostOptions {
  readonly self: MemberIdentity;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly dialer: ChannelDialer;
  /** `broker.session.timeout.ms`. */
  readonly sessionTimeoutMs: number;
  /** `inter.broker.listener.name`. */
  readonly listenerName: string;
  readonly fence: (effect: Extract<SessionEffect, { kind: 'fence' }>) => void;
}

/** An address that says nothing for so long has not answered. */
const DIAL_TIMEOUT_MS = 1000;

/** Carries out what the sessions of brokers ask for: dials, fencings, wake-ups. */
export class BrokerSessionHost {
  readonly #options: BrokerSessionHostOptions;
  readonly #sessions: BrokerSessions;
  readonly #dials = new Set<MemberLink>();
  #cancelWake: CancelWake | undefined;
  #isClosed = false;

  constructor(options: BrokerSessionHostOptions) {
    const { sessionTimeoutMs, listenerName } = options;
    this.#options = options;
    this.#sessions = new BrokerSessions({ sessionTimeoutMs, listenerName });
  }

  get sessions(): BrokerSessions {
    return this.#sessions;
  }

  input(input: SessionInput): void {
    if (this.#isClosed) return;
    const { clock } = this.#options;
    const effects = this.#sessions.step(input, clock.monotonicMs());
    this.#cancelWake?.();
    const { wakeAtMs } = this.#sessions;
    this.#cancelWake =
      wakeAtMs === undefined ? undefined : clock.wakeAt(wakeAtMs, () => this.input({ kind: 'woken' }));
    for (const effect of effects) this.#do(effect);
  }

  changed(delta: MetadataDelta): void {
    if (delta.brokersChanged.length > 0) this.input({ kind: 'changed', delta });
  }

  isAlive(id: BrokerId): boolean {
    return this.#sessions.isAlive(id, this.#options.clock.monotonicMs());
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelWake?.();
    for (const link of this.#dials) link.reset();
  }

  #do(effect: SessionEffect): void {
    if (effect.kind === 'fence') {
      this.#options.logger.info('fencing a broker', {
        brokerId: effect.brokerId,
        brokerEpoch: effect.epoch,
        reason: effect.reason,
      });
      this.#options.fence(effect);
    } else this.#dial(effect.dial);
  }

  /** Asks at a broker's address who is there. */
  #dial(dial: Dial): void {
    const { self, dialer, clock, logger } = this.#options;
    if (dial.brokerId === self.nodeId) {
      // Nobody has to ask whether this very process is there.
      this.input({ kind: 'dial-answered', dial, incarnationId: self.incarnationId });
      return;
    }
    let answer: SessionInput | undefined;
    const link = new MemberLink({
      channel: dialer.dial({ host: dial.host, port: dial.port }),
      self,
      dialled: brokerId(-1),
      logger,
      events: {
        up: (one, { nodeId, incarnationId }) => {
          // Another node at that address says nothing about this one.
          answer =
            nodeId === dial.brokerId
              ? { kind: 'dial-answered', dial, incarnationId }
              : { kind: 'dial-failed', dial };
          one.close();
        },
        message: () => undefined,
        down: (one, _, end) => {
          cancel();
          this.#dials.delete(one);
          this.input(answer ?? { kind: end.kind === 'refused' ? 'dial-refused' : 'dial-failed', dial });
        },
      },
    });
    this.#dials.add(link);
    const cancel = clock.wakeAt(clock.monotonicMs() + DIAL_TIMEOUT_MS, () => link.reset());
    link.open();
  }
}
