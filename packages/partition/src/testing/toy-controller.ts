import { BrokerEpoch, BrokerId, LeaderEpoch, NO_BROKER } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Effect } from '../effects';
import type { AlterPartitionAnswer } from '../in-sync';

/** The committed metadata of one partition and its brokers, at one moment. */
export interface ToyImage {
  readonly leader: BrokerId;
  readonly leaderEpoch: LeaderEpoch;
  readonly inSyncReplicas: readonly BrokerId[];
  readonly partitionEpoch: number;
  readonly brokers: ReadonlyMap<BrokerId, { readonly epoch: BrokerEpoch; readonly isFenced: boolean }>;
}

export type AlterPartition = Extract<Effect, { readonly kind: 'alter-partition' }>;

/** Prefers nobody. */
const ANYBODY = BrokerId(-2);

/** The whole quorum as one oracle: it decides and commits at once; brokers hear of it later, one image after another. */
export class ToyController {
  readonly replicas: readonly BrokerId[];
  readonly images: ToyImage[];
  #nextBrokerEpoch = 1;

  constructor(replicas: readonly BrokerId[]) {
    this.replicas = replicas;
    this.images = [
      {
        ...{ leader: NO_BROKER, leaderEpoch: LeaderEpoch(0), inSyncReplicas: replicas, partitionEpoch: 0 },
        brokers: new Map(),
      },
    ];
  }

  get image(): ToyImage {
    const image = this.images.at(-1);
    if (image === undefined) throw new Error('there is an image from the start');
    return image;
  }

  /** A new incarnation: whatever an earlier one led is led in a new epoch (ARCHITECTURE section 7). */
  register(brokerId: BrokerId): number {
    const epoch = BrokerEpoch(this.#nextBrokerEpoch++);
    const before = this.image;
    const mustElect = before.leader === brokerId || before.leader === NO_BROKER;
    const brokers = new Map(before.brokers).set(brokerId, { epoch, isFenced: false });
    this.#commit({ brokers }, mustElect ? brokerId : undefined);
    return this.images.length - 1;
  }

  /** A broker's session is over. The last one in sync stays in sync: nobody else has everything. */
  fence(brokerId: BrokerId): void {
    const { image } = this;
    const broker = image.brokers.get(brokerId);
    if (broker === undefined || broker.isFenced) return;
    const brokers = new Map(image.brokers).set(brokerId, { ...broker, isFenced: true });
    const staying = image.inSyncReplicas.filter((replica) => replica !== brokerId);
    const inSyncReplicas = staying.length === 0 ? image.inSyncReplicas : staying;
    this.#commit({ brokers, inSyncReplicas }, image.leader === brokerId ? ANYBODY : undefined);
  }

  unfence(brokerId: BrokerId): void {
    const { image } = this;
    const broker = image.brokers.get(brokerId);
    if (broker?.isFenced !== true) return;
    const brokers = new Map(image.brokers).set(brokerId, { ...broker, isFenced: false });
    this.#commit({ brokers }, image.leader === NO_BROKER ? brokerId : undefined);
  }

  /** Another leader out of the in-sync set, or the same one in a new epoch. */
  elect(preferred: BrokerId): void {
    this.#commit({}, preferred);
  }

  /** A leader whose log failed, or whose epoch was lived through before, wants to lead anew. */
  renew(brokerId: BrokerId, leaderEpoch: LeaderEpoch): void {
    const { image } = this;
    if (image.leader === brokerId && image.leaderEpoch === leaderEpoch) this.#commit({}, brokerId);
  }

  alterPartition(brokerId: BrokerId, question: AlterPartition): AlterPartitionAnswer {
    const error = this.#alterPartitionError(brokerId, question);
    const { leaderEpoch, partitionEpoch } = question;
    if (error !== ErrorCode.NONE) return { kind: 'refused', leaderEpoch, partitionEpoch, error };
    const inSyncReplicas = question.isr.map((member) => member.brokerId);
    this.#commit({ inSyncReplicas });
    return {
      ...{ kind: 'committed', leaderEpoch, partitionEpoch: this.image.partitionEpoch, isr: inSyncReplicas },
      leaderRecoveryState: 0,
    };
  }

  #alterPartitionError(brokerId: BrokerId, { leaderEpoch, partitionEpoch, isr }: AlterPartition): number {
    const { image } = this;
    if (leaderEpoch !== image.leaderEpoch || image.leader !== brokerId) return ErrorCode.FENCED_LEADER_EPOCH;
    if (partitionEpoch !== image.partitionEpoch) return ErrorCode.INVALID_UPDATE_VERSION;
    for (const member of isr) {
      const broker = image.brokers.get(member.brokerId);
      const isOther = member.brokerEpoch >= 0 && broker?.epoch !== member.brokerEpoch;
      if (broker === undefined || broker.isFenced || isOther) return ErrorCode.INELIGIBLE_REPLICA;
    }
    return ErrorCode.NONE;
  }

  /** One record: a change, and an election where one is asked for. */
  #commit(change: Partial<ToyImage>, preferred?: BrokerId): void {
    const before = this.image;
    let after: ToyImage = { ...before, ...change };
    if (preferred !== undefined) {
      const mayLead = after.inSyncReplicas.filter(
        (replica) => after.brokers.get(replica)?.isFenced === false,
      );
      const leader = mayLead.includes(preferred) ? preferred : (mayLead[0] ?? NO_BROKER);
      if (leader !== NO_BROKER || before.leader !== NO_BROKER)
        after = { ...after, leader, leaderEpoch: LeaderEpoch(before.leaderEpoch + 1) };
    }
    const isNews = after.leaderEpoch !== before.leaderEpoch || after.inSyncReplicas !== before.inSyncReplicas;
    this.images.push({ ...after, partitionEpoch: before.partitionEpoch + (isNews ? 1 : 0) });
  }
}
