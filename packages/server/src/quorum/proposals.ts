import type { Clock } from '@kafkaesque/kernel';
import type { ProposalOutcome } from '@kafkaesque/metadata';

const MAX_PROPOSALS_IN_FLIGHT = 10_000;
const MAX_BYTES_IN_FLIGHT = 64 * 1024 * 1024;

interface WaitingProposal {
  readonly epoch: number;
  readonly sizeBytes: number;
  readonly count: number;
  readonly proposedAtMs: number;
  readonly resolve: (outcome: ProposalOutcome) => void;
}

/** What was proposed here and has no outcome yet, by offset. */
export class Proposals {
  readonly #clock: Clock;
  readonly #observe: ((latencyMs: number, recordCount: number) => void) | undefined;
  readonly #waiting = new Map<number, WaitingProposal>();
  #bytes = 0;

  constructor(clock: Clock, observe: ((latencyMs: number, recordCount: number) => void) | undefined) {
    this.#clock = clock;
    this.#observe = observe;
  }

  get hasRoom(): boolean {
    return this.#waiting.size < MAX_PROPOSALS_IN_FLIGHT && this.#bytes < MAX_BYTES_IN_FLIGHT;
  }

  add(proposal: {
    readonly offset: number;
    readonly epoch: number;
    readonly sizeBytes: number;
    readonly count: number;
  }): Promise<ProposalOutcome> {
    const { offset, ...rest } = proposal;
    this.#bytes += rest.sizeBytes;
    return new Promise((resolve) => {
      this.#waiting.set(offset, { ...rest, proposedAtMs: this.#clock.monotonicMs(), resolve });
    });
  }

  /** The entry at `offset` is committed and delivered: the proposal's, or another leader's in its place. */
  committed(offset: number, epoch: number): void {
    const proposal = this.#waiting.get(offset);
    if (proposal === undefined) return;
    this.#take(offset, proposal);
    if (proposal.epoch !== epoch) {
      proposal.resolve({ kind: 'dropped', cause: 'another leader wrote in its place' });
      return;
    }
    this.#observe?.(this.#clock.monotonicMs() - proposal.proposedAtMs, proposal.count);
    proposal.resolve({ kind: 'committed', offset });
  }

  /** Leadership is lost: what was proposed may still be committed, or not. */
  lose(): void {
    for (const [offset, proposal] of [...this.#waiting]) {
      this.#take(offset, proposal);
      proposal.resolve({ kind: 'unknown', cause: 'this node no longer leads the metadata quorum' });
    }
  }

  #take(offset: number, proposal: WaitingProposal): void {
    this.#waiting.delete(offset);
    this.#bytes -= proposal.sizeBytes;
  }
}
