import type { MemberMessageDraft, ReplicaKey } from '@kafkaesque/protocol';

interface HeldSend {
  readonly after: number;
  readonly to: ReplicaKey;
  readonly message: MemberMessageDraft;
}

/** Messages that say what is true only once a write is durable. Writes complete in the order of their tokens. */
export class HeldSends {
  #held: HeldSend[] = [];
  #durableToken = 0;

  isDurable(token: number): boolean {
    return token <= this.#durableToken;
  }

  hold(after: number, to: ReplicaKey, message: MemberMessageDraft): void {
    this.#held.push({ after, to, message });
  }

  /** A write is durable: returns what may leave now. */
  release(token: number): readonly HeldSend[] {
    this.#durableToken = Math.max(this.#durableToken, token);
    if (this.#held.length === 0) return [];
    const ready = this.#held.filter(({ after }) => after <= token);
    if (ready.length > 0) this.#held = this.#held.filter(({ after }) => after > token);
    return ready;
  }
}
