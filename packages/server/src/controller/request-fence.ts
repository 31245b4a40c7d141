/** What is to be done with a request that has come. */
export type FenceVerdict =
  | 'take'
  /** It was sent before others that have come already: whoever sent it may have been told since what became of it. */
  | 'late'
  /** It has come before, on this very channel. */
  | 'again';

/** What one process has sent: the highest number that came, on all of its channels and on each. */
interface Heard {
  highest: number;
  readonly byChannel: Map<object, number>;
}

/**
 * Keeps the requests of each process in the order in which it sent them, over all of its channels. A channel that a
 * process has given up may still bring what was sent on it, behind what the process sent again on the next one and had
 * answered: carried out then, it would undo what others did meanwhile.
 */
export class RequestFence {
  /** By incarnation; forgotten with its last channel, for nothing older comes on later ones. */
  readonly #heard = new Map<string, Heard>();

  /** @param correlationId grows with every request that the process sends to anybody */
  judge(incarnationId: string, channel: object, correlationId: number): FenceVerdict {
    let heard = this.#heard.get(incarnationId);
    if (heard === undefined) {
      heard = { highest: -1, byChannel: new Map() };
      this.#heard.set(incarnationId, heard);
    }
    if (correlationId <= (heard.byChannel.get(channel) ?? -1)) return 'again';
    heard.byChannel.set(channel, correlationId);
    if (correlationId < heard.highest) return 'late';
    heard.highest = correlationId;
    return 'take';
  }

  /** Nothing more comes on that channel. */
  ended(incarnationId: string, channel: object): void {
    const heard = this.#heard.get(incarnationId);
    heard?.byChannel.delete(channel);
    if (heard?.byChannel.size === 0) this.#heard.delete(incarnationId);
  }
}
