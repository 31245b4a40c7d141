/** What is to be done with a request that has come. */
export type FenceVerdict =
  | 'take'
  /** It was sent before others that have come already: whoever sent it may have been told since what became of it. */
  | 'late'
  /** It has come before, on this very channel. */
  | 'again';

/** What one process has sent: the highest number that came, on all of its channels and on each that still lives. */
interface Heard {
  highest: number;
  readonly byChannel: Map<object, number>;
}

/** Processes that are remembered; whoever was heard longest ago goes first. It takes as many starts within one term. */
const MOST_PROCESSES = 10_000;

/**
 * Keeps the requests of each process in the order in which it sent them, over all of its channels. A channel that a
 * process has given up may still bring what was sent on it, behind what the process sent again on the next one and had
 * answered: carried out then, it would undo what others did meanwhile. It may bring it as its first request, and after the
 * next channel has ended: so what a process has sent is remembered for the whole term in which this node leads, and what was
 * sent to a leader of an earlier term is known by that.
 */
export class RequestFence {
  /** By incarnation; whoever was heard last stands last. */
  readonly #heard = new Map<string, Heard>();

  /** @param correlationId grows with every request that the process sends to anybody */
  judge(incarnationId: string, channel: object, correlationId: number): FenceVerdict {
    const heard = this.#heard.get(incarnationId) ?? { highest: -1, byChannel: new Map() };
    this.#heard.delete(incarnationId);
    this.#heard.set(incarnationId, heard);
    if (this.#heard.size > MOST_PROCESSES) this.#forgetOldest();
    if (correlationId <= (heard.byChannel.get(channel) ?? -1)) return 'again';
    heard.byChannel.set(channel, correlationId);
    if (correlationId < heard.highest) return 'late';
    heard.highest = correlationId;
    return 'take';
  }

  /** Nothing more comes on that channel. */
  ended(incarnationId: string, channel: object): void {
    this.#heard.get(incarnationId)?.byChannel.delete(channel);
  }

  /** Another term begins. */
  termBegan(): void {
    this.#heard.clear();
  }

  #forgetOldest(): void {
    for (const oldest of this.#heard.keys()) {
      this.#heard.delete(oldest);
      return;
    }
  }
}
