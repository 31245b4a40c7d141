import { BrokerId, LeaderEpoch } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type { RequestDraftOf, ResponseOf } from '@kafkaesque/protocol';
import { brokerError } from '../broker-error';
import { ClientError, isClientError } from '../errors';
import type { DraftFor } from '../wire/wire';
import { SOFTWARE } from '../wire/software';
import type { CallOptions, Outcome } from './admin';
import { failed, incomplete } from './admin-calls';
import type { AdminCalls, ChangeName } from './admin-calls';
import type {
  ControllerEndpoint,
  FeatureChange,
  FeatureChangeKind,
  FeatureLevels,
  FeaturesDescription,
  QuorumAdmin,
  QuorumDescription,
  QuorumReplica,
  RaftVoterKey,
  VoterChangeOptions,
} from './quorum-admin';

const METADATA_TOPIC = '__cluster_metadata';
/** The version that can say that an answer need not wait for the commit. */
const FIRST_VERSION_WITH_ACK = 1;
const FIRST_VERSION_WITH_KINDS = 1;
const upgradeTypes: Readonly<Record<FeatureChangeKind, number>> = {
  upgrade: 1,
  'safe-downgrade': 2,
  'unsafe-downgrade': 3,
};

type VoterChange = Extract<ChangeName, 'AddRaftVoter' | 'RemoveRaftVoter' | 'UpdateRaftVoter'>;

/** What another controller than the one asked has to answer. */
const elsewhere: ReadonlySet<number> = new Set([ErrorCode.NOT_CONTROLLER, ErrorCode.NOT_LEADER_OR_FOLLOWER]);

/** The part of the Admin that is about the metadata quorum. */
export class ClusterQuorum implements QuorumAdmin {
  readonly #calls: AdminCalls;

  constructor(calls: AdminCalls) {
    this.#calls = calls;
  }

  describeQuorum(options: CallOptions = {}): Promise<QuorumDescription> {
    return this.#calls.call('describing the quorum', options, async (bounds) => {
      const topics = [{ topicName: METADATA_TOPIC, partitions: [{ partitionIndex: 0 }] }];
      const answer = await this.#calls.askActive('DescribeQuorum', { topics }, bounds);
      this.#check(answer);
      const partition = answer.topics[0]?.partitions[0];
      if (partition === undefined) throw incomplete(METADATA_TOPIC);
      this.#check(partition);
      const { leaderId, leaderEpoch, highWatermark, currentVoters, observers } = partition;
      return {
        leaderId,
        leaderEpoch,
        highWatermark,
        voters: currentVoters.map(replicaOf),
        observers: observers.map(replicaOf),
        nodes: answer.nodes.map(({ nodeId, listeners }) => ({
          id: nodeId,
          endpoints: listeners.map(({ name, host, port }) => ({ name, host, port })),
        })),
      };
    });
  }

  addRaftVoter(
    voter: RaftVoterKey & { readonly endpoints: readonly ControllerEndpoint[] },
    options: VoterChangeOptions & { readonly ackWhenCommitted?: boolean } = {},
  ): Promise<void> {
    const ackWhenCommitted = options.ackWhenCommitted ?? true;
    return this.#change('adding a voter', 'AddRaftVoter', options, (timeoutMs) => ({
      minVersion: ackWhenCommitted ? 0 : FIRST_VERSION_WITH_ACK,
      draft: {
        clusterId: options.clusterId ?? null,
        timeoutMs,
        ...keyOf(voter),
        listeners: listenersOf(voter.endpoints),
        ackWhenCommitted,
      },
    }));
  }

  removeRaftVoter(voter: RaftVoterKey, options: VoterChangeOptions = {}): Promise<void> {
    const clusterId = options.clusterId ?? null;
    return this.#change('removing a voter', 'RemoveRaftVoter', options, () => ({
      draft: { clusterId, ...keyOf(voter) },
    }));
  }

  updateRaftVoter(
    voter: RaftVoterKey & {
      readonly endpoints: readonly ControllerEndpoint[];
      readonly kraftVersion: FeatureLevels;
    },
    options: VoterChangeOptions & { readonly leaderEpoch?: number } = {},
  ): Promise<void> {
    return this.#change('updating a voter', 'UpdateRaftVoter', options, () => ({
      draft: {
        clusterId: options.clusterId ?? null,
        currentLeaderEpoch: LeaderEpoch(options.leaderEpoch ?? -1),
        ...keyOf(voter),
        listeners: listenersOf(voter.endpoints),
        kRaftVersionFeature: {
          minSupportedVersion: voter.kraftVersion.min,
          maxSupportedVersion: voter.kraftVersion.max,
        },
      },
    }));
  }

  describeFeatures(options: CallOptions & { readonly node?: BrokerId } = {}): Promise<FeaturesDescription> {
    return this.#calls.call('describing features', options, async (bounds) => {
      // Asked anew, and not taken from what the connection began with: levels change.
      const answer =
        options.node === undefined
          ? await this.#calls.askActive('ApiVersions', SOFTWARE, bounds)
          : await this.#calls
              .askBroker(options.node, 'ApiVersions', SOFTWARE, bounds)
              .catch(withoutWaitingFor(options.node));
      if (answer.errorCode !== 0) throw brokerError(answer.errorCode);
      const { finalizedFeatures, finalizedFeaturesEpoch, supportedFeatures } = answer;
      return {
        finalized: new Map(
          finalizedFeatures.map((one) => [one.name, { min: one.minVersionLevel, max: one.maxVersionLevel }]),
        ),
        finalizedEpoch: finalizedFeaturesEpoch < 0 ? undefined : finalizedFeaturesEpoch,
        supported: new Map(
          supportedFeatures.map((one) => [one.name, { min: one.minVersion, max: one.maxVersion }]),
        ),
      };
    });
  }

  async updateFeatures(
    changes: readonly FeatureChange[],
    options: CallOptions & { readonly validateOnly?: boolean } = {},
  ): Promise<readonly Outcome<string, undefined>[]> {
    for (const change of changes) checkFeatureChange(change);
    const validateOnly = options.validateOnly ?? false;
    return this.#calls.call('updating features', options, async (bounds) => {
      const answer = await this.#calls.change(
        'UpdateFeatures',
        updatingFeatures(changes, validateOnly, bounds),
        {
          ...bounds,
          minVersion: validateOnly ? FIRST_VERSION_WITH_KINDS : 0,
        },
      );
      this.#forgetIfElsewhere(answer);
      return changes.map(({ feature }) => {
        const own = answer.results.find((result) => result.feature === feature);
        const { errorCode, errorMessage } = answer.errorCode === 0 && own !== undefined ? own : answer;
        return errorCode === 0
          ? { kind: 'done' as const, key: feature, value: undefined }
          : failed(feature, brokerError(errorCode, errorMessage));
      });
    });
  }

  #change<Name extends VoterChange>(
    what: string,
    name: Name,
    options: CallOptions,
    requestOf: (timeoutMs: number) => {
      readonly draft: RequestDraftOf<Name>;
      readonly minVersion?: number;
    },
  ): Promise<void> {
    return this.#calls.call(what, options, async (bounds) => {
      const { draft, minVersion } = requestOf(bounds.timeoutMs);
      const answer: { readonly errorCode: number; readonly errorMessage?: string | null } =
        await this.#calls.change(name, draft, { ...bounds, minVersion });
      this.#check(answer);
    });
  }

  #check(answer: { readonly errorCode: number; readonly errorMessage?: string | null }): void {
    this.#forgetIfElsewhere(answer);
    if (answer.errorCode !== 0) throw brokerError(answer.errorCode, answer.errorMessage);
  }

  #forgetIfElsewhere({
    errorCode,
    errorMessage,
  }: {
    readonly errorCode: number;
    readonly errorMessage?: string | null;
  }): void {
    if (!elsewhere.has(errorCode)) return;
    this.#calls.cluster.forgetController();
    throw brokerError(errorCode, errorMessage);
  }
}

/** A node that the cluster does not tell of will not come by asking again. */
const withoutWaitingFor =
  (node: BrokerId) =>
  (error: unknown): never => {
    if (!isClientError(error) || error.code !== 'UNKNOWN_NODE') throw error;
    throw new ClientError(
      'connection',
      error.code,
      `node ${node} is not among those that the cluster tells of`,
    );
  };

type StoredReplica =
  ResponseOf<'DescribeQuorum'>['topics'][number]['partitions'][number]['currentVoters'][number];

const replicaOf = (one: StoredReplica): QuorumReplica => ({
  nodeId: one.replicaId,
  directoryId: one.replicaDirectoryId,
  logEndOffset: one.logEndOffset,
  lastFetchTimestampMs: one.lastFetchTimestamp,
  lastCaughtUpTimestampMs: one.lastCaughtUpTimestamp,
});

const keyOf = ({ nodeId, directoryId }: RaftVoterKey): { voterId: BrokerId; voterDirectoryId: string } => ({
  voterId: BrokerId(nodeId),
  voterDirectoryId: directoryId,
});

const listenersOf = (endpoints: readonly ControllerEndpoint[]): ControllerEndpoint[] =>
  endpoints.map(({ name, host, port }) => ({ name, host, port }));

/** Before v1 a downgrade was allowed or not, whatever it lost. */
const updatingFeatures =
  (
    changes: readonly FeatureChange[],
    validateOnly: boolean,
    { timeoutMs }: { readonly timeoutMs: number },
  ): DraftFor<'UpdateFeatures'> =>
  (version) => ({
    timeoutMs,
    featureUpdates: changes.map(({ feature, level, kind }) => ({
      feature,
      maxVersionLevel: level,
      ...(version < FIRST_VERSION_WITH_KINDS
        ? { allowDowngrade: kind !== 'upgrade' }
        : { upgradeType: upgradeTypes[kind] }),
    })),
    ...(version < FIRST_VERSION_WITH_KINDS ? {} : { validateOnly }),
  });

const checkFeatureChange = ({ feature, level, kind }: FeatureChange): void => {
  const wrong = (why: string): ClientError => new ClientError('usage', 'INVALID_REQUEST', why);
  if (feature.trim() === '') throw wrong('Provided feature can not be empty.');
  if (level < 0) throw wrong('Cannot specify a negative version level.');
  if (level < 1 && kind === 'upgrade')
    throw wrong(
      `The upgradeType flag should be set to SAFE_DOWNGRADE or UNSAFE_DOWNGRADE when the provided maxVersionLevel:${level} is < 1.`,
    );
};
