import type { BrokerEpoch, BrokerId, Clock, LeaderEpoch, Logger, MemberAddress } from '@kafkaesque/kernel';
import type { MemberMessage } from '@kafkaesque/protocol';
import type { MemberToDial } from '../members/member-target';
import type { FollowerHost, LeaderLink } from './replica-fetcher';
import { ReplicaFetcher } from './replica-fetcher';
import type { Replicated } from './replicated';
import { Throttle } from './throttle';
import { Turns } from './turns';

export interface ReplicaFetchersOptions<R extends Replicated> {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly brokerEpoch: () => BrokerEpoch;
  readonly host: FollowerHost<R>;
  /** Default: nothing is throttled. */
  readonly throttle?: Throttle;
  /** Where a broker takes channels of others; undefined: nobody knows yet. */
  readonly addressOf: (leader: BrokerId) => MemberAddress | undefined;
  /** Keeps channels to these leaders, and to no others. */
  readonly keepTo: (leaders: readonly MemberToDial[]) => void;
}

/** Everything that this broker follows: one fetcher for each leader. */
export class ReplicaFetchers<R extends Replicated> {
  readonly #options: ReplicaFetchersOptions<R>;
  readonly #byLeader = new Map<BrokerId, ReplicaFetcher>();
  /** Channels that are up, by leader. */
  readonly #links = new Map<BrokerId, LeaderLink>();
  readonly #leaderOf = new Map<Replicated, BrokerId>();
  readonly #dialling: Turns;
  readonly #throttle: Throttle;

  constructor(options: ReplicaFetchersOptions<R>) {
    this.#options = options;
    this.#throttle = options.throttle ?? new Throttle(options.clock);
    this.#dialling = new Turns(options.clock, () => this.#keepChannels());
  }

  /** The most records by which a replica is behind what consumers may read at its leader. */
  get maxLag(): number {
    let maxLag = 0;
    for (const fetcher of this.#byLeader.values()) maxLag = Math.max(maxLag, fetcher.maxLag);
    return maxLag;
  }

  lagOf(replica: Replicated): number {
    const leader = this.#leaderOf.get(replica);
    return leader === undefined ? 0 : (this.#byLeader.get(leader)?.lagOf(replica) ?? 0);
  }

  follow(replica: R, leader: BrokerId, leaderEpoch: LeaderEpoch): void {
    if (this.#leaderOf.get(replica) !== leader) this.unfollow(replica);
    this.#leaderOf.set(replica, leader);
    this.#fetcherOf(leader).follow(replica, leaderEpoch);
  }

  unfollow(replica: Replicated): void {
    const leader = this.#leaderOf.get(replica);
    if (leader === undefined) return;
    this.#leaderOf.delete(replica);
    this.#byLeader.get(leader)?.unfollow(replica);
    this.#dialling.request();
  }

  durable(replica: R): void {
    const leader = this.#leaderOf.get(replica);
    if (leader !== undefined) this.#byLeader.get(leader)?.durable(replica);
  }

  /** Other replicas may be throttled now. */
  throttlesChanged(): void {
    for (const fetcher of this.#byLeader.values()) fetcher.throttlesChanged();
  }

  /** Brokers may listen elsewhere now. */
  brokersChanged(): void {
    this.#dialling.request();
  }

  up(leader: BrokerId, link: LeaderLink): void {
    this.#links.set(leader, link);
    this.#byLeader.get(leader)?.up(link);
  }

  down(leader: BrokerId, link: LeaderLink): void {
    if (this.#links.get(leader) === link) this.#links.delete(leader);
    this.#byLeader.get(leader)?.down(link);
  }

  message(leader: BrokerId, link: LeaderLink, message: MemberMessage): void {
    this.#byLeader.get(leader)?.message(link, message);
  }

  close(): void {
    this.#dialling.close();
    for (const fetcher of this.#byLeader.values()) fetcher.close();
    this.#throttle.close();
    this.#byLeader.clear();
    this.#leaderOf.clear();
  }

  #fetcherOf(leader: BrokerId): ReplicaFetcher {
    const known = this.#byLeader.get(leader);
    if (known !== undefined) return known;
    const { clock, logger, brokerEpoch, host } = this.#options;
    const fetcher = new ReplicaFetcher({
      clock,
      logger,
      brokerEpoch,
      host,
      throttle: this.#throttle,
    });
    this.#byLeader.set(leader, fetcher);
    const link = this.#links.get(leader);
    if (link !== undefined) fetcher.up(link);
    this.#dialling.request();
    return fetcher;
  }

  #keepChannels(): void {
    const leaders: MemberToDial[] = [];
    for (const [nodeId, fetcher] of this.#byLeader) {
      if (fetcher.isIdle) {
        fetcher.close();
        this.#byLeader.delete(nodeId);
        continue;
      }
      const address = this.#options.addressOf(nodeId);
      if (address !== undefined) leaders.push({ nodeId, address });
    }
    this.#options.keepTo(leaders);
  }
}
