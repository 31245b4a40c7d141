import type {
  AcceptChannel,
  BrokerEpoch,
  ChannelDialer,
  Clock,
  FaultHandler,
  Logger,
  Random,
} from '@kafkaesque/kernel';
import type { MetadataDelta, MetadataImage } from '@kafkaesque/metadata';
import { brokerById } from '@kafkaesque/metadata';
import type { Replica } from '../broker/replica';
import type { Replicas } from '../broker/replicas';
import type { ReplicationSide } from '../broker/replication-side';
import { isThrottled } from '../configuration';
import type { ControllerDoor } from '../controller/controller-host';
import type { MemberIdentity } from '../members/member-link';
import { MemberLinks } from '../members/member-links';
import type { ReplicationMeters } from '../metrics/replication-metrics';
import { IsrChanges } from './isr-changes';
import { ReplicaFeeds } from './replica-feeds';
import { ReplicaFetchers } from './replica-fetchers';
import { Throttle } from './throttle';
import { Ticking } from './ticking';

export interface ReplicationOptions {
  readonly identity: MemberIdentity;
  readonly brokerEpoch: () => BrokerEpoch;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly meters: ReplicationMeters;
  readonly faults: FaultHandler;
  readonly dialer: ChannelDialer;
  readonly controller: ControllerDoor;
  readonly replicas: Replicas;
  readonly image: () => MetadataImage;
  /** `inter.broker.listener.name`. */
  readonly listenerName: string;
  /** `replica.lag.time.max.ms`. */
  readonly lagTimeMaxMs: number;
  /** `leader.replication.throttled.rate` and `follower.replication.throttled.rate` as of an image. */
  readonly throttledRates: (image: MetadataImage) => { readonly leader: number; readonly follower: number };
}

/** What a broker and the others send each other of their partitions. */
export interface Replication {
  readonly side: ReplicationSide;
  /** Takes the channels of followers. */
  readonly accept: AcceptChannel;
  /** The most records by which a replica here is behind what its leader lets consumers read. */
  readonly maxLag: number;
  changed(delta: MetadataDelta): void;
  close(): void;
}

/** Opens both sides: what this broker leads goes to its followers, and what it follows comes from its leaders. */
export const openReplication = (options: ReplicationOptions): Replication => {
  const { clock, logger, replicas, image, brokerEpoch, identity } = options;
  const throttles = { leader: new Throttle(clock), follower: new Throttle(clock) };
  const limitRates = (as: MetadataImage): void => {
    const { leader, follower } = options.throttledRates(as);
    throttles.leader.limitTo(leader);
    throttles.follower.limitTo(follower);
  };
  limitRates(image());
  const feeds = new ReplicaFeeds<Replica>({
    clock,
    logger,
    throttle: throttles.leader,
    host: {
      isThrottled: ({ config, partition }) =>
        isThrottled(config.leaderThrottledReplicas, partition, identity.nodeId),
      find: ({ topicId, partition }) => replicas.find(topicId, partition),
      carryOut: (replica, effects) => replicas.carryOut(replica, effects),
      damaged: (replica) => replicas.damaged(replica),
    },
  });
  const fetchers = new ReplicaFetchers<Replica>({
    clock,
    logger,
    brokerEpoch,
    host: replicas.asFollower,
    throttle: throttles.follower,
    addressOf: (leader) => brokerById(image(), leader)?.endpoints.get(options.listenerName),
    keepTo: (leaders) => links.keepTo(leaders),
  });
  const isrChanges = new IsrChanges({
    clock,
    brokerEpoch,
    brokerId: identity.nodeId,
    controller: options.controller,
    answered: (change, answer, countBefore) => {
      options.meters.answered(answer, countBefore);
      replicas.alterPartitionAnswered(change, answer);
    },
    failed: (cause) => options.faults.fault('an in-sync set could not be changed', cause),
  });
  // A member that was dialled leads; one that dialled follows.
  const links: MemberLinks = new MemberLinks({
    self: identity,
    clock,
    random: options.random,
    logger,
    dialer: options.dialer,
    events: {
      up: ({ nodeId }, link) => {
        if (link.isDialled) fetchers.up(nodeId, link);
      },
      message: (peer, message, link) => {
        if (link.isDialled) fetchers.message(peer.nodeId, link, message);
        else feeds.message(peer, message, link);
      },
      down: ({ nodeId }, _, link) => {
        if (link.isDialled) fetchers.down(nodeId, link);
        else feeds.down(link);
      },
      lost: () => undefined,
    },
  });
  const ticking = new Ticking(clock, options.lagTimeMaxMs / 2, () => replicas.tick());
  let isClosed = false;
  return {
    side: {
      appended: (replica) => feeds.appended(replica),
      moved: (replica) => feeds.moved(replica),
      durable: (replica) => fetchers.durable(replica),
      lagOf: (replica) => fetchers.lagOf(replica),
      roleChanged: (replica) => {
        feeds.roleChanged(replica);
        const { role, leaderEpoch } = replica.machine;
        if (role.kind === 'follower' && role.leader >= 0 && !replica.isDamaged)
          fetchers.follow(replica, role.leader, leaderEpoch);
        else fetchers.unfollow(replica);
      },
      alterPartition: (replica, change) => isrChanges.add(change, inSyncCount(replica)),
    },
    accept: links.accept,
    get maxLag() {
      return fetchers.maxLag;
    },
    changed: (delta) => {
      // Others may come and go while this broker goes.
      if (isClosed) return;
      if (delta.configsChanged.length > 0) {
        limitRates(delta.after);
        feeds.throttlesChanged();
        fetchers.throttlesChanged();
      }
      if (delta.brokersChanged.length === 0) return;
      fetchers.brokersChanged();
      // Whoever may be in sync from now on need not wait for the next look.
      ticking.soon();
    },
    close: () => {
      isClosed = true;
      ticking.close();
      isrChanges.close();
      fetchers.close();
      feeds.close();
      links.close();
    },
  };
};

const inSyncCount = ({ machine: { role } }: Replica): number =>
  role.kind === 'leader' ? role.inSyncReplicas.length : 0;
