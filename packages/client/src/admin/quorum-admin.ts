import type { BrokerId, LeaderEpoch, Offset } from '@kafkaesque/kernel';
import type { CallOptions, Outcome } from './admin';

/** A controller or a broker, as the quorum's leader sees how far it has come. */
export interface QuorumReplica {
  readonly nodeId: BrokerId;
  /** 22 characters of base64url; the zero id where it is not known. */
  readonly directoryId: string;
  /** -1 while it is not known. */
  readonly logEndOffset: Offset;
  /** When it asked last, in milliseconds since 1970; -1 when unknown. */
  readonly lastFetchTimestampMs: number;
  /** When it had all that there was, in milliseconds since 1970; -1 when unknown. */
  readonly lastCaughtUpTimestampMs: number;
}

/** Where a listener of a controller is reached. */
export interface ControllerEndpoint {
  /** The listener's name, in capitals. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

/** The metadata quorum as its leader sees it (KIP-595, 836, 853). */
export interface QuorumDescription {
  /** -1 when there is none. */
  readonly leaderId: BrokerId;
  readonly leaderEpoch: LeaderEpoch;
  readonly highWatermark: Offset;
  readonly voters: readonly QuorumReplica[];
  readonly observers: readonly QuorumReplica[];
  /** Where voters are reached; empty when the server is older than KIP-853. */
  readonly nodes: readonly { readonly id: BrokerId; readonly endpoints: readonly ControllerEndpoint[] }[];
}

/** A voter's identity: a wiped disk makes another one. */
export interface RaftVoterKey {
  readonly nodeId: number;
  /** 22 characters of base64url. */
  readonly directoryId: string;
}

/** Which levels of a feature there are, or are in use. */
export interface FeatureLevels {
  readonly min: number;
  readonly max: number;
}

/** Features of one node and of its cluster (KIP-584). */
export interface FeaturesDescription {
  /** Level of each feature for the whole cluster. */
  readonly finalized: ReadonlyMap<string, FeatureLevels>;
  /** The metadata offset as of which the levels were told; undefined when none were. */
  readonly finalizedEpoch: number | undefined;
  /** What the node that was asked can do. */
  readonly supported: ReadonlyMap<string, FeatureLevels>;
}

/** What may happen to a level. Only an unsafe downgrade may lose metadata. */
export type FeatureChangeKind = 'upgrade' | 'safe-downgrade' | 'unsafe-downgrade';

/** A feature's new level; 0 switches it off. */
export interface FeatureChange {
  readonly feature: string;
  readonly level: number;
  readonly kind: FeatureChangeKind;
}

/** Bounds of a change of the voters. */
export interface VoterChangeOptions extends CallOptions {
  /** Refused when it is not the cluster's. */
  readonly clusterId?: string | undefined;
}

/** Administration of the metadata quorum and of feature levels, a part of `Admin`. */
export interface QuorumAdmin {
  /** Leader, voters and observers of the quorum, and how far each is. */
  describeQuorum(options?: CallOptions): Promise<QuorumDescription>;
  /**
   * Makes a controller that follows already a voter (KIP-853). With `ackWhenCommitted` false the answer does not wait
   * until a majority of the new set has it.
   */
  addRaftVoter(
    voter: RaftVoterKey & { readonly endpoints: readonly ControllerEndpoint[] },
    options?: VoterChangeOptions & { readonly ackWhenCommitted?: boolean },
  ): Promise<void>;
  /** Takes a controller's vote away (KIP-853). */
  removeRaftVoter(voter: RaftVoterKey, options?: VoterChangeOptions): Promise<void>;
  /** Tells the quorum other endpoints of a voter, or what it can do of `kraft.version` (KIP-853); asked of controllers only. */
  updateRaftVoter(
    voter: RaftVoterKey & {
      readonly endpoints: readonly ControllerEndpoint[];
      readonly kraftVersion: FeatureLevels;
    },
    options?: VoterChangeOptions & { readonly leaderEpoch?: number },
  ): Promise<void>;
  /** Features of `node`, or of whoever answers. */
  describeFeatures(options?: CallOptions & { readonly node?: BrokerId }): Promise<FeaturesDescription>;
  /** Changes levels, all or none of them. */
  updateFeatures(
    changes: readonly FeatureChange[],
    options?: CallOptions & { readonly validateOnly?: boolean },
  ): Promise<readonly Outcome<string, undefined>[]>;
}
