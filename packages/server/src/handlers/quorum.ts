import type {
  AddRaftVoterRequest,
  AddRaftVoterResponse,
  Api,
  ApiName,
  DescribeQuorumRequest,
  DescribeQuorumResponse,
  Draft,
  RemoveRaftVoterRequest,
  RemoveRaftVoterResponse,
  RequestOf,
  ResponseDraftOf,
  UpdateRaftVoterRequest,
  UpdateRaftVoterResponse,
} from '@kafkaesque/protocol';
import { ErrorCode, apis } from '@kafkaesque/protocol';
import type { Administrator } from '../broker/broker';
import { errorOfOutcome } from './command-errors';
import type { Operation, Reply, RequestContext } from './handler';

type CommandFailure = ReturnType<typeof errorOfOutcome>;

/** Passes a request on to the active controller as it is, and its answer back. */
const passOn = async <Name extends ApiName>(
  administrator: Administrator,
  context: RequestContext,
  name: Name,
  request: RequestOf<Name>,
  options: { readonly timeoutMs?: number; readonly isRepeatable: boolean },
): Promise<
  | { readonly kind: 'answered'; readonly response: ResponseDraftOf<Name> }
  | ({ readonly kind: 'failed' } & CommandFailure)
> => {
  const api: Api = apis[name];
  const { principal, remoteAddress, clientId } = context;
  // Members speak the newest version, whatever the client's is.
  const apiVersion = api.request.versions.max;
  const outcome = await administrator.controller.ask(
    { apiKey: api.key, apiVersion, body: api.request.encode(request, apiVersion) },
    { ...options, caller: { principal, clientHost: remoteAddress, clientId: clientId ?? '' } },
  );
  if (outcome.kind !== 'done') return { kind: 'failed', ...errorOfOutcome({ ...outcome }) };
  return {
    kind: 'answered',
    response: api.response.decode(outcome.body, apiVersion) as ResponseDraftOf<Name>,
  };
};

const forbidden = (
  administrator: Administrator,
  context: RequestContext,
  operation: Operation,
): CommandFailure | undefined =>
  administrator.isAllowed(context, operation, 'CLUSTER', 'kafka-cluster')
    ? undefined
    : { errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED, errorMessage: 'Cluster authorization failed.' };

/** DescribeQuorum (55): how far every replica of the metadata is. v1 timestamps · v2 directory ids, nodes */
export const describeQuorum =
  (administrator: Administrator) =>
  async (
    context: RequestContext,
    request: DescribeQuorumRequest,
  ): Promise<Reply<Draft<typeof DescribeQuorumResponse>>> => {
    const failed = (error: CommandFailure): Reply<Draft<typeof DescribeQuorumResponse>> => ({
      kind: 'answer',
      response: { ...error, topics: [] },
    });
    const refusal = forbidden(administrator, context, 'DESCRIBE');
    if (refusal !== undefined) return failed(refusal);
    const outcome = await passOn(administrator, context, 'DescribeQuorum', request, { isRepeatable: true });
    if (outcome.kind === 'failed')
      return failed({ errorCode: outcome.errorCode, errorMessage: outcome.errorMessage });
    const { response } = outcome;
    return { kind: 'answer', response: context.apiVersion >= 2 ? response : withoutDirectories(response) };
  };

type QuorumDraft = Draft<typeof DescribeQuorumResponse>;
type ReplicaDraft = QuorumDraft['topics'][number]['partitions'][number]['observers'][number];

/** Before version 2 replicas are node ids alone, and where nodes listen is not told. */
const withoutDirectories = ({ errorCode, topics }: QuorumDraft): QuorumDraft => {
  const bare = ({ replicaId, logEndOffset, lastFetchTimestamp, lastCaughtUpTimestamp }: ReplicaDraft) => ({
    replicaId,
    logEndOffset,
    lastFetchTimestamp,
    lastCaughtUpTimestamp,
  });
  return {
    errorCode,
    errorMessage: null,
    topics: topics.map(({ topicName, partitions }) => ({
      topicName,
      partitions: partitions.map((partition) => ({
        ...partition,
        currentVoters: partition.currentVoters.map(bare),
        observers: partition.observers.map(bare),
      })),
    })),
  };
};

/** AddRaftVoter (80): a controller that has caught up gets a vote. v1 acknowledged at once */
export const addRaftVoter =
  (administrator: Administrator) =>
  async (
    context: RequestContext,
    request: AddRaftVoterRequest,
  ): Promise<Reply<Draft<typeof AddRaftVoterResponse>>> => {
    const refusal = forbidden(administrator, context, 'ALTER');
    if (refusal !== undefined) return { kind: 'answer', response: { throttleTimeMs: 0, ...refusal } };
    const options = { timeoutMs: request.timeoutMs + PATIENCE_MS, isRepeatable: false };
    const outcome = await passOn(administrator, context, 'AddRaftVoter', request, options);
    if (outcome.kind === 'answered') return { kind: 'answer', response: outcome.response };
    const { errorCode, errorMessage } = outcome;
    return { kind: 'answer', response: { throttleTimeMs: 0, errorCode, errorMessage } };
  };

/** RemoveRaftVoter (81): takes a vote away. */
export const removeRaftVoter =
  (administrator: Administrator) =>
  async (
    context: RequestContext,
    request: RemoveRaftVoterRequest,
  ): Promise<Reply<Draft<typeof RemoveRaftVoterResponse>>> => {
    const refusal = forbidden(administrator, context, 'ALTER');
    if (refusal !== undefined) return { kind: 'answer', response: { throttleTimeMs: 0, ...refusal } };
    const outcome = await passOn(administrator, context, 'RemoveRaftVoter', request, { isRepeatable: false });
    if (outcome.kind === 'answered') return { kind: 'answer', response: outcome.response };
    const { errorCode, errorMessage } = outcome;
    return { kind: 'answer', response: { throttleTimeMs: 0, errorCode, errorMessage } };
  };

/** UpdateRaftVoter (82): a voter tells its endpoints. On the controllers' listener only. */
export const updateRaftVoter =
  (administrator: Administrator) =>
  async (
    context: RequestContext,
    request: UpdateRaftVoterRequest,
  ): Promise<Reply<Draft<typeof UpdateRaftVoterResponse>>> => {
    const refusal = forbidden(administrator, context, 'CLUSTER_ACTION');
    if (refusal !== undefined)
      return { kind: 'answer', response: { throttleTimeMs: 0, errorCode: refusal.errorCode } };
    const outcome = await passOn(administrator, context, 'UpdateRaftVoter', request, { isRepeatable: true });
    return {
      kind: 'answer',
      response:
        outcome.kind === 'answered' ? outcome.response : { throttleTimeMs: 0, errorCode: outcome.errorCode },
    };
  };

/** Beyond the time that the controller was given. */
const PATIENCE_MS = 5000;
