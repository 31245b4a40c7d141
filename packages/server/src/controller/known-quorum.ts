import { BrokerId } from '@kafkaesque/kernel';
import type { QuorumState } from '@kafkaesque/protocol';
import type { KnownLeader } from './controller-client';

const NOBODY = BrokerId(-1);

/**
 * Who leads the quorum and where controllers are, from what controllers tell. A leader's term is on the disks of a majority, so
 * that no later leader has an earlier one. A term without a leader may be gone with the process that told of it, and
 * who tells of it may be cut off from all others: that nobody leads is believed of the leader alone.
 */
export class KnownQuorum {
  #state: QuorumState = { term: -1, leaderId: NOBODY, controllers: [] };

  /** Undefined: nobody is known to lead. */
  get leader(): KnownLeader | undefined {
    const { leaderId, term } = this.#state;
    return leaderId < 0 ? undefined : { nodeId: leaderId, term };
  }

  get controllers(): QuorumState['controllers'] {
    return this.#state.controllers;
  }

  /** Whether it says anything that counts. Within one term a leader is never another. */
  learn(told: QuorumState, from: BrokerId): boolean {
    const { term, leaderId, controllers } = this.#state;
    if (told.leaderId >= 0) {
      if (told.term < term) return false;
      this.#state = told;
      return true;
    }
    if (told.term <= term) return false;
    this.#state = {
      term,
      leaderId: from === leaderId ? NOBODY : leaderId,
      controllers: told.controllers.length > 0 ? told.controllers : controllers,
    };
    return true;
  }
}
