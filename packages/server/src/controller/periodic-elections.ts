import type { CancelWake, Clock, Logger } from '@kafkaesque/kernel';
import { messageOf } from '@kafkaesque/kernel';
import type { Command, CommandResponses } from '@kafkaesque/metadata';
import type { BrokerConfiguration } from '../configuration';
import type { CommandOutcome } from './controller-host';

type PeriodicCommand = Extract<Command, { readonly kind: 'balance-leaders' | 'elect-unclean-leaders' }>;

/** What the active controller asks itself every so often. */
export interface PeriodicElection {
  readonly command: PeriodicCommand;
  readonly everyMs: number;
}

export interface PeriodicElectionsOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly elections: readonly PeriodicElection[];
  readonly submit: (
    command: PeriodicCommand,
  ) => Promise<CommandOutcome<CommandResponses[PeriodicCommand['kind']]>>;
}

/** The elections that a controller with this configuration looks for while it is active. */
export const periodicElections = (
  configuration: Pick<BrokerConfiguration, 'get'>,
): readonly PeriodicElection[] => {
  const number = (name: string): number => Number(configuration.get(name));
  const balance: PeriodicElection = {
    command: {
      kind: 'balance-leaders',
      imbalancePercentage: number('leader.imbalance.per.broker.percentage'),
    },
    everyMs: number('leader.imbalance.check.interval.seconds') * 1000,
  };
  const unclean: PeriodicElection = {
    command: { kind: 'elect-unclean-leaders' },
    everyMs: number('unclean.leader.election.interval.ms'),
  };
  return configuration.get('auto.leader.rebalance.enable') === true ? [balance, unclean] : [unclean];
};

/** Submits each election again and again, its interval after the one before has been answered. */
export class PeriodicElections {
  readonly #options: PeriodicElectionsOptions;
  /** Of the active time that lasts now; undefined: this controller is not active. */
  #waits: Map<PeriodicElection, CancelWake> | undefined;

  constructor(options: PeriodicElectionsOptions) {
    this.#options = options;
  }

  /** This controller is the active one from now on. */
  begin(): void {
    this.end();
    const waits = new Map<PeriodicElection, CancelWake>();
    this.#waits = waits;
    for (const election of this.#options.elections) this.#wait(waits, election);
  }

  /** It is not any more, or closes. */
  end(): void {
    for (const cancel of this.#waits?.values() ?? []) cancel();
    this.#waits = undefined;
  }

  /** Does not wait for the interval: something has changed that the command is about. */
  now(kind: PeriodicCommand['kind']): void {
    const waits = this.#waits;
    if (waits === undefined) return;
    for (const [election, cancel] of waits) {
      if (election.command.kind !== kind) continue;
      cancel();
      void this.#hold(waits, election);
    }
  }

  #wait(waits: Map<PeriodicElection, CancelWake>, election: PeriodicElection): void {
    const { clock } = this.#options;
    const atMs = clock.monotonicMs() + election.everyMs;
    waits.set(
      election,
      clock.wakeAt(atMs, () => void this.#hold(waits, election)),
    );
  }

  async #hold(waits: Map<PeriodicElection, CancelWake>, election: PeriodicElection): Promise<void> {
    const { logger, submit } = this.#options;
    // Until it is answered there is nothing to cancel, and nothing to begin once more.
    waits.delete(election);
    try {
      const outcome = await submit(election.command);
      if (outcome.kind === 'done' && outcome.response.elections > 0)
        logger.info('elected leaders', {
          why: election.command.kind,
          elections: outcome.response.elections,
        });
    } catch (error) {
      logger.warn('elections failed', { why: election.command.kind, error: messageOf(error) });
    }
    if (this.#waits === waits) this.#wait(waits, election);
  }
}
