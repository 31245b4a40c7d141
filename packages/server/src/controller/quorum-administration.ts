import type { Clock } from '@kafkaesque/kernel';
import { LeaderEpoch, Offset } from '@kafkaesque/kernel';
import type {
  AddRaftVoterRequest,
  DescribeQuorumRequest,
  DescribeQuorumResponse,
  Draft,
  Message,
  RemoveRaftVoterRequest,
  ReplicaKey,
  UpdateRaftVoterRequest,
  Voter,
  VoterSet,
} from '@kafkaesque/protocol';
import { ErrorCode, apis } from '@kafkaesque/protocol';
import type { MembershipChange, MembershipOutcome } from '@kafkaesque/raft';
import type { RaftQuorum } from '../quorum/raft-quorum';
import type { EncodedCommand } from './command-codec';
import type { AskOutcome } from './controller-client';

/** Kafka's own log of metadata, as DescribeQuorum names it. */
const METADATA_TOPIC = '__cluster_metadata';
const METADATA_PARTITION = 0;
const KRAFT_VERSIONS = { min: 0, max: 1 };

export interface QuorumAdministrationOptions {
  readonly clusterId: string;
  readonly clock: Clock;
  readonly quorum: RaftQuorum;
  readonly self: ReplicaKey;
  /** Brokers that follow, and how far they are. */
  readonly followers: () => readonly {
    readonly peer: ReplicaKey;
    readonly appliedOffset: number;
    readonly heardMs: number;
  }[];
}

type Result = { readonly errorCode: number; readonly errorMessage: string | null };
type ReplicaState = Draft<
  typeof DescribeQuorumResponse
>['topics'][number]['partitions'][number]['currentVoters'][number];

/** What an active controller is asked about its quorum, in Kafka's requests (KIP-595, KIP-853). */
export class QuorumAdministration {
  readonly #options: QuorumAdministrationOptions;

  constructor(options: QuorumAdministrationOptions) {
    this.#options = options;
  }

  async ask({
    apiKey,
    apiVersion,
    body,
  }: Pick<EncodedCommand, 'apiKey' | 'apiVersion' | 'body'>): Promise<AskOutcome> {
    const answered = (response: Message, draft: unknown): AskOutcome => ({
      kind: 'done',
      body: response.encode(draft, apiVersion),
      offset: -1,
    });
    switch (apiKey) {
      case apis.DescribeQuorum.key: {
        const request = apis.DescribeQuorum.request.decode(body, apiVersion);
        return answered(apis.DescribeQuorum.response, this.describeQuorum(request));
      }
      case apis.AddRaftVoter.key: {
        const request = apis.AddRaftVoter.request.decode(body, apiVersion);
        return this.#changed(await this.#add(request), (result) =>
          answered(apis.AddRaftVoter.response, result),
        );
      }
      case apis.RemoveRaftVoter.key: {
        const request = apis.RemoveRaftVoter.request.decode(body, apiVersion);
        const result = await this.#remove(request);
        return this.#changed(result, (one) => answered(apis.RemoveRaftVoter.response, one));
      }
      case apis.UpdateRaftVoter.key: {
        const request = apis.UpdateRaftVoter.request.decode(body, apiVersion);
        const result = await this.#update(request);
        return this.#changed(result, (one) => answered(apis.UpdateRaftVoter.response, one));
      }
      default:
        return {
          kind: 'refused',
          errorCode: ErrorCode.UNSUPPORTED_VERSION,
          errorMessage: `API key ${apiKey} is not one that controllers answer each other.`,
        };
    }
  }

  #changed(
    result: Result | 'not-controller' | 'unknown',
    answered: (result: Result & { throttleTimeMs: number }) => AskOutcome,
  ): AskOutcome {
    if (result === 'not-controller') return { kind: 'not-controller' };
    if (result === 'unknown') return { kind: 'unknown', cause: 'leadership was lost' };
    return answered({ throttleTimeMs: 0, ...result });
  }

  /** How far every replica of the metadata is; offsets are ends, as Kafka's. */
  describeQuorum(request: DescribeQuorumRequest): Draft<typeof DescribeQuorumResponse> {
    const known = (topicName: string, partitionIndex: number): boolean =>
      topicName === METADATA_TOPIC && partitionIndex === METADATA_PARTITION;
    return {
      errorCode: ErrorCode.NONE,
      errorMessage: null,
      topics: request.topics.map(({ topicName, partitions }) => ({
        topicName,
        partitions: partitions.map(({ partitionIndex }) =>
          known(topicName, partitionIndex)
            ? this.#partition()
            : {
                partitionIndex,
                errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                errorMessage: null,
                leaderId: this.#options.self.nodeId,
                leaderEpoch: LeaderEpoch(-1),
                highWatermark: Offset(-1),
                currentVoters: [],
                observers: [],
              },
        ),
      })),
      nodes: this.#options.quorum.voters.map(({ nodeId, endpoints }) => ({
        nodeId,
        listeners: endpoints.map(({ name, host, port }) => ({ name, host, port })),
      })),
    };
  }

  #partition(): Draft<typeof DescribeQuorumResponse>['topics'][number]['partitions'][number] {
    const { quorum, self, clock, followers } = this.#options;
    const { term, commitIndex, lastIndex, replicas, voters } = quorum.status;
    const nowMs = clock.monotonicMs();
    const wallMs = clock.wallMs();
    const wallOf = (monotonicMs: number): number =>
      Number.isFinite(monotonicMs) ? Math.round(wallMs - (nowMs - monotonicMs)) : -1;
    const state = (
      key: ReplicaKey,
      endOffset: number,
      heardMs: number,
      caughtUpMs: number,
    ): ReplicaState => ({
      replicaId: key.nodeId,
      replicaDirectoryId: key.directoryId,
      logEndOffset: Offset(endOffset),
      lastFetchTimestamp: wallOf(heardMs),
      lastCaughtUpTimestamp: wallOf(caughtUpMs),
    });
    const own = state(self, lastIndex + 1, nowMs, nowMs);
    const others = replicas.map((replica) => ({
      isVoter: replica.isVoter,
      ...state(replica.key, replica.matchIndex + 1, replica.heardMs, replica.caughtUpMs),
    }));
    const isVoter = voters.some(({ nodeId }) => nodeId === self.nodeId);
    const brokers = followers().map(({ peer, appliedOffset, heardMs }) =>
      state(peer, appliedOffset + 1, heardMs, appliedOffset >= commitIndex ? nowMs : heardMs),
    );
    const byId = (a: ReplicaState, b: ReplicaState): number => a.replicaId - b.replicaId;
    return {
      partitionIndex: METADATA_PARTITION,
      errorCode: ErrorCode.NONE,
      errorMessage: null,
      leaderId: self.nodeId,
      leaderEpoch: LeaderEpoch(term),
      highWatermark: Offset(commitIndex + 1),
      currentVoters: [...(isVoter ? [own] : []), ...others.filter((one) => one.isVoter)].sort(byId),
      observers: [...(isVoter ? [] : [own]), ...others.filter((one) => !one.isVoter), ...brokers].sort(byId),
    };
  }

  async #add(request: AddRaftVoterRequest): Promise<Result | 'not-controller' | 'unknown'> {
    const wrong = this.#wrongCluster(request.clusterId);
    if (wrong !== undefined) return wrong;
    const voter: Voter = {
      nodeId: request.voterId,
      directoryId: request.voterDirectoryId,
      endpoints: request.listeners.map(({ name, host, port }) => ({ name, host, port })),
      kraftVersion: KRAFT_VERSIONS,
    };
    return this.#change({ kind: 'add', voter }, request.timeoutMs, !request.ackWhenCommitted);
  }

  async #remove(request: RemoveRaftVoterRequest): Promise<Result | 'not-controller' | 'unknown'> {
    const wrong = this.#wrongCluster(request.clusterId);
    if (wrong !== undefined) return wrong;
    const voter = { nodeId: request.voterId, directoryId: request.voterDirectoryId };
    return this.#change({ kind: 'remove', voter }, 0, false);
  }

  async #update(request: UpdateRaftVoterRequest): Promise<Result | 'not-controller' | 'unknown'> {
    const wrong = this.#wrongCluster(request.clusterId);
    if (wrong !== undefined) return wrong;
    const { minSupportedVersion: min, maxSupportedVersion: max } = request.kRaftVersionFeature;
    const voter: Voter = {
      nodeId: request.voterId,
      directoryId: request.voterDirectoryId,
      endpoints: request.listeners.map(({ name, host, port }) => ({ name, host, port })),
      kraftVersion: { min, max },
    };
    return this.#change({ kind: 'update', voter }, 0, false);
  }

  #wrongCluster(clusterId: string | null): Result | undefined {
    return clusterId === null || clusterId === this.#options.clusterId
      ? undefined
      : { errorCode: ErrorCode.INCONSISTENT_CLUSTER_ID, errorMessage: null };
  }

  async #change(
    change: MembershipChange,
    timeoutMs: number,
    answerWhenAppended: boolean,
  ): Promise<Result | 'not-controller' | 'unknown'> {
    const before = this.#options.quorum.voters;
    const outcome = await this.#options.quorum.changeMembership(change, { timeoutMs, answerWhenAppended });
    return resultOf(outcome, change, before);
  }
}

const nameOf = ({ nodeId, directoryId }: ReplicaKey): string =>
  `ReplicaKey(id=${nodeId}, directoryId=${directoryId})`;
const namesOf = (voters: VoterSet): string => `[${voters.map(nameOf).join(', ')}]`;

/** Kafka's error and sentence for what became of a change. */
const resultOf = (
  outcome: MembershipOutcome,
  { kind, voter }: MembershipChange,
  voters: VoterSet,
): Result | 'not-controller' | 'unknown' => {
  const failed = (errorCode: number, errorMessage: string): Result => ({ errorCode, errorMessage });
  switch (outcome) {
    case 'committed':
    case 'appended':
      return { errorCode: ErrorCode.NONE, errorMessage: null };
    case 'not-leader':
      return 'not-controller';
    case 'unknown':
      return 'unknown';
    case 'busy':
      return failed(
        ErrorCode.REQUEST_TIMED_OUT,
        'Request timed out waiting for leader to handle previous voter change request',
      );
    case 'duplicate-voter':
      return failed(
        ErrorCode.DUPLICATE_VOTER,
        `The voter id for ${nameOf(voter)} is already part of the set of voters ${namesOf(voters)}.`,
      );
    case 'voter-not-found':
    case 'last-voter':
      return failed(
        ErrorCode.VOTER_NOT_FOUND,
        `Cannot ${kind} voter ${nameOf(voter)} from the set of voters ${namesOf(voters)}`,
      );
    case 'timed-out':
      return failed(
        ErrorCode.REQUEST_TIMED_OUT,
        `Aborted add voter operation for ${nameOf(voter)} since it is lagging behind`,
      );
    case 'static':
      return failed(
        ErrorCode.UNSUPPORTED_VERSION,
        `Cluster doesn't support ${kind === 'add' ? 'adding' : kind === 'remove' ? 'removing' : 'updating'} voter because ` +
          'the kraft.version feature is 0',
      );
  }
};
