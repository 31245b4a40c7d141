import type { Random } from '@kafkaesque/kernel';

/** What the links of a simulated network are like, and how often each family of fault happens on them. */
export interface NetworkFaults {
  /** One-way delay of a link in milliseconds: at least, and on average. Each link draws its own mean up to twice this. */
  readonly delayMinMs: number;
  readonly delayMeanMs: number;
  /** Bytes a link carries in a millisecond; Infinity: any number. */
  readonly bytesPerMs: number;
  /** Bytes of one direction of a channel that may be under way or unread before its sender has to wait. */
  readonly windowBytes: number;
  /** Silence, with no way through, after which an end gives its channel up; Infinity: never. */
  readonly keepAliveMs: number;
  /** What was held by a cut or a clog arrives up to so much after its end: senders try again at their own pace. */
  readonly retransmitMs: number;
  /** Per message: the channel fails, on both ends, and messages under way may be lost. */
  readonly reset: number;
  /** Per message: its link holds everything for up to `clogMs`, then delivers all. */
  readonly clog: number;
  readonly clogMs: number;
  /** Per end of a channel that fails: what was under way arrives up to `lateMs` later, perhaps after a newer channel's. */
  readonly late: number;
  readonly lateMs: number;
  /**
   * Per message, beyond what the port allows: it is lost (and its channel fails up to `lateMs` later), arrives twice, or
   * at another place in the order.
   */
  readonly loss: number;
  readonly duplicate: number;
  readonly reorder: number;
}

/** A network on which nothing goes wrong, a millisecond wide. */
export const noNetworkFaults: NetworkFaults = {
  delayMinMs: 0.1,
  delayMeanMs: 0.5,
  bytesPerMs: Infinity,
  windowBytes: 8 << 20,
  keepAliveMs: 10_000,
  retransmitMs: 0,
  reset: 0,
  clog: 0,
  clogMs: 0,
  late: 0,
  lateMs: 0,
  loss: 0,
  duplicate: 0,
  reorder: 0,
};

/**
 * The faults of one seed (swarm): each family is absent in some seeds, rare in some, frequent in others. Loss,
 * duplication and reordering break what the port of channels promises; a run that wants them asks for them.
 */
export const drawNetworkFaults = (random: Random): NetworkFaults => {
  const pick = (...choices: readonly number[]): number => choices[random.below(choices.length)] ?? 0;
  const delayMinMs = pick(0.05, 0.2, 1, 10);
  return {
    ...noNetworkFaults,
    delayMinMs,
    delayMeanMs: delayMinMs + pick(0.1, 1, 5, 50),
    bytesPerMs: pick(Infinity, Infinity, 100_000, 2_000),
    windowBytes: pick(4_000, 64 << 10, 8 << 20),
    keepAliveMs: pick(2_000, 5_000, 10_000),
    retransmitMs: pick(0, 200, 1_000),
    reset: pick(0, 0, 0.0005, 0.005),
    clog: pick(0, 0, 0.0005, 0.005),
    clogMs: pick(20, 300, 3_000),
    late: pick(0, 0.3, 1),
    lateMs: pick(50, 500, 4_000),
  };
};

/** Loss, duplication and reordering of one seed, for protocols that promise to bear them. */
export const drawMessageFaults = (random: Random): Pick<NetworkFaults, 'loss' | 'duplicate' | 'reorder'> => {
  const pick = (...choices: readonly number[]): number => choices[random.below(choices.length)] ?? 0;
  return { loss: pick(0, 0.01, 0.1), duplicate: pick(0, 0.01, 0.1), reorder: pick(0, 0.01, 0.1) };
};

/** What was done on the network so far; a family that stays at zero has tested nothing. */
export interface NetworkCounts {
  messages: number;
  dials: number;
  refusedDials: number;
  /** Dials that nobody answered until they were given up. */
  unansweredDials: number;
  cuts: number;
  oneWayCuts: number;
  /** Messages that a cut or a clog has held back. */
  heldMessages: number;
  clogs: number;
  resets: number;
  /** Messages under way that went down with their channel. */
  droppedMessages: number;
  lateChannels: number;
  /** Ends whose machine lost power, so that the other end was not told. */
  halfOpenChannels: number;
  keepAliveFailures: number;
  /** Messages that waited for their receiver's window or for the link. */
  backPressure: number;
  lostMessages: number;
  duplicatedMessages: number;
  reorderedMessages: number;
}

export const zeroNetworkCounts = (): NetworkCounts => ({
  messages: 0,
  dials: 0,
  refusedDials: 0,
  unansweredDials: 0,
  cuts: 0,
  oneWayCuts: 0,
  heldMessages: 0,
  clogs: 0,
  resets: 0,
  droppedMessages: 0,
  lateChannels: 0,
  halfOpenChannels: 0,
  keepAliveFailures: 0,
  backPressure: 0,
  lostMessages: 0,
  duplicatedMessages: 0,
  reorderedMessages: 0,
});
