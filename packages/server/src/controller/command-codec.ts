import type { Command, CommandResponses, RegisterBrokerCommand } from '@kafkaesque/metadata';
import type { Draft, Infer, Message } from '@kafkaesque/protocol';
import {
  ErrorCode,
  RENEW_LEADERSHIP_KEY,
  RenewLeadershipRequest,
  RenewLeadershipResponse,
  apis,
} from '@kafkaesque/protocol';
import type { TopicId } from '@kafkaesque/kernel';

/** The commands that brokers have, and controllers other than the active one. */
export type ForwardedCommand = Extract<
  Command,
  {
    readonly kind:
      | 'create-topics'
      | 'delete-topics'
      | 'create-partitions'
      | 'incremental-alter-configs'
      | 'alter-configs'
      | 'register-broker'
      | 'register-controller'
      | 'broker-heartbeat'
      | 'assign-replicas-to-dirs'
      | 'renew-leadership'
      | 'alter-partition'
      | 'elect-leaders'
      | 'alter-partition-reassignments'
      | 'unregister-broker'
      | 'allocate-producer-ids'
      | 'update-features';
  }
>;

/** Which attempt it is to have something done. */
export interface Attempt {
  /** Whether the same may have been sent before. */
  readonly retried: boolean;
  /** The metadata offset that the sender showed when it was first sent. */
  readonly shownOffset: number;
}

/** What a command needs beside Kafka's own request. */
export interface CommandExtras extends Attempt {
  readonly topicIds: ReadonlyMap<string, TopicId>;
  /** Of a broker that registers: its directories were not left by a clean shutdown. */
  readonly isUnclean: boolean;
  /** Of a broker that registers: directories that do not have what they had when it served last. */
  readonly distrustedDirs: readonly string[];
  /** Of a broker that registers: it could not open all of its directories. */
  readonly hasDirsAway: boolean;
}

/** How one kind of command travels: as the Kafka request that it is, and its answer as Kafka's. */
interface CommandCodec<C extends ForwardedCommand, Request extends Message, Response extends Message> {
  readonly key: number;
  readonly request: Request;
  readonly response: Response;
  /** Whether it may be carried out twice: then it is sent again when nobody knows whether it was. */
  readonly isRepeatable: boolean | ((command: C) => boolean);
  readonly draft: (command: C) => Draft<Request>;
  readonly command: (request: Infer<Request>, extras: CommandExtras) => C;
  readonly answer: (response: CommandResponses[C['kind']]) => Draft<Response>;
  readonly result: (answer: Infer<Response>) => CommandResponses[C['kind']];
}

const codec = <Kind extends ForwardedCommand['kind'], Request extends Message, Response extends Message>(
  _kind: Kind,
  parts: CommandCodec<Extract<ForwardedCommand, { readonly kind: Kind }>, Request, Response>,
): CommandCodec<Extract<ForwardedCommand, { readonly kind: Kind }>, Request, Response> => parts;

const done = { errorCode: ErrorCode.NONE, errorMessage: null };
const nothing = {};

const TOPICS_TIMEOUT_MS = 30_000;

const codecs = {
  'create-topics': codec('create-topics', {
    ...apis.CreateTopics,
    isRepeatable: true,
    draft: ({ topics, validateOnly }) => ({ topics, timeoutMs: TOPICS_TIMEOUT_MS, validateOnly }),
    command: ({ topics, validateOnly }, { topicIds }) => ({
      kind: 'create-topics',
      topics,
      validateOnly,
      topicIds,
    }),
    answer: ({ topics }) => ({ topics }),
    result: ({ topics }) => ({ topics: topics.map((topic) => ({ ...topic, configs: topic.configs ?? [] })) }),
  }),
  'delete-topics': codec('delete-topics', {
    ...apis.DeleteTopics,
    // Under a name may be another topic by the time that it comes again; ids are given once.
    isRepeatable: ({ topics }) => topics.every(({ name }) => name === null),
    draft: ({ topics }) => ({ topics, timeoutMs: TOPICS_TIMEOUT_MS }),
    command: ({ topics }) => ({ kind: 'delete-topics', topics, retried: false }),
    answer: ({ responses }) => ({ responses }),
    result: ({ responses }) => ({ responses }),
  }),
  'create-partitions': codec('create-partitions', {
    ...apis.CreatePartitions,
    isRepeatable: false,
    draft: ({ topics, validateOnly }) => ({ topics, timeoutMs: TOPICS_TIMEOUT_MS, validateOnly }),
    command: ({ topics, validateOnly }) => ({ kind: 'create-partitions', topics, validateOnly }),
    answer: ({ results }) => ({ throttleTimeMs: 0, results }),
    result: ({ results }) => ({ results }),
  }),
  'incremental-alter-configs': codec('incremental-alter-configs', {
    ...apis.IncrementalAlterConfigs,
    isRepeatable: false,
    draft: ({ resources, validateOnly }) => ({ resources, validateOnly }),
    command: ({ resources, validateOnly }) => ({
      kind: 'incremental-alter-configs',
      resources,
      validateOnly,
    }),
    answer: ({ responses }) => ({ throttleTimeMs: 0, responses }),
    result: ({ responses }) => ({ responses }),
  }),
  'alter-configs': codec('alter-configs', {
    ...apis.AlterConfigs,
    isRepeatable: false,
    draft: ({ resources, validateOnly }) => ({ resources, validateOnly }),
    command: ({ resources, validateOnly }) => ({ kind: 'alter-configs', resources, validateOnly }),
    answer: ({ responses }) => ({ throttleTimeMs: 0, responses }),
    result: ({ responses }) => ({ responses }),
  }),
  'register-broker': codec('register-broker', {
    ...apis.BrokerRegistration,
    // The same incarnation again keeps its epoch.
    isRepeatable: true,
    draft: (command) => command,
    command: (
      { brokerId, clusterId, incarnationId, listeners, features, rack, logDirs, previousBrokerEpoch },
      { isUnclean, distrustedDirs, hasDirsAway },
    ) => ({
      kind: 'register-broker',
      brokerId,
      clusterId,
      incarnationId,
      listeners,
      features,
      rack,
      logDirs,
      previousBrokerEpoch,
      isUnclean,
      distrustedDirs,
      hasDirsAway,
    }),
    answer: ({ brokerEpoch }) => ({ errorCode: ErrorCode.NONE, brokerEpoch }),
    result: ({ brokerEpoch }) => ({ brokerEpoch }),
  }),
  'register-controller': codec('register-controller', {
    ...apis.ControllerRegistration,
    isRepeatable: true,
    draft: (command) => ({ ...command, zkMigrationReady: false }),
    command: ({ controllerId, incarnationId, listeners, features }) => ({
      kind: 'register-controller',
      controllerId,
      incarnationId,
      listeners,
      features,
    }),
    answer: () => done,
    result: () => nothing,
  }),
  'broker-heartbeat': codec('broker-heartbeat', {
    ...apis.BrokerHeartbeat,
    isRepeatable: true,
    draft: (command) => command,
    command: ({ brokerId, brokerEpoch, currentMetadataOffset, wantFence, wantShutDown, offlineLogDirs }) => ({
      kind: 'broker-heartbeat',
      brokerId,
      brokerEpoch,
      currentMetadataOffset,
      wantFence,
      wantShutDown,
      offlineLogDirs,
      // The controller that decides puts in what it knows.
      standing: { controlledShutdownOffset: undefined, lowestActiveOffset: Infinity },
    }),
    answer: ({ isCaughtUp, isFenced, shouldShutDown }) => ({
      errorCode: ErrorCode.NONE,
      isCaughtUp,
      isFenced,
      shouldShutDown,
    }),
    result: ({ isCaughtUp, isFenced, shouldShutDown }) => ({
      isCaughtUp,
      isFenced,
      shouldShutDown,
      inControlledShutdown: false,
    }),
  }),
  'assign-replicas-to-dirs': codec('assign-replicas-to-dirs', {
    ...apis.AssignReplicasToDirs,
    isRepeatable: true,
    draft: ({ brokerId, brokerEpoch, directories }) => ({ brokerId, brokerEpoch, directories }),
    command: ({ brokerId, brokerEpoch, directories }) => ({
      kind: 'assign-replicas-to-dirs',
      brokerId,
      brokerEpoch,
      directories,
    }),
    answer: ({ directories }) => ({ errorCode: ErrorCode.NONE, directories }),
    result: ({ directories }) => ({ directories }),
  }),
  'renew-leadership': codec('renew-leadership', {
    key: RENEW_LEADERSHIP_KEY,
    request: RenewLeadershipRequest,
    response: RenewLeadershipResponse,
    // A partition that has moved on since stays as it is.
    isRepeatable: true,
    draft: ({ brokerId, brokerEpoch, partitions }) => ({ brokerId, brokerEpoch, partitions }),
    command: ({ brokerId, brokerEpoch, partitions }) => ({
      kind: 'renew-leadership',
      brokerId,
      brokerEpoch,
      partitions,
    }),
    answer: () => ({ errorCode: ErrorCode.NONE }),
    result: () => nothing,
  }),
  'alter-partition': codec('alter-partition', {
    ...apis.AlterPartition,
    // What was done once comes too late the second time: its partition epoch is gone.
    isRepeatable: true,
    draft: ({ brokerId, brokerEpoch, topics }) => ({ brokerId, brokerEpoch, topics }),
    command: ({ brokerId, brokerEpoch, topics }) => ({
      kind: 'alter-partition',
      brokerId,
      brokerEpoch,
      topics,
    }),
    answer: ({ topics }) => ({ errorCode: ErrorCode.NONE, topics }),
    result: ({ topics }) => ({ topics }),
  }),
  'elect-leaders': codec('elect-leaders', {
    ...apis.ElectLeaders,
    // The first replica leads once or twice; an unclean election that comes later than it was asked for may lose records.
    isRepeatable: ({ electionType }) => electionType === 0,
    draft: ({ electionType, topicPartitions }) => ({ electionType, topicPartitions }),
    command: ({ electionType, topicPartitions }) => ({
      kind: 'elect-leaders',
      electionType,
      topicPartitions,
    }),
    answer: ({ replicaElectionResults }) => ({ errorCode: ErrorCode.NONE, replicaElectionResults }),
    result: ({ replicaElectionResults }) => ({ replicaElectionResults }),
  }),
  'alter-partition-reassignments': codec('alter-partition-reassignments', {
    ...apis.AlterPartitionReassignments,
    // What is cancelled twice is not under way the second time.
    isRepeatable: ({ topics }) =>
      topics.every(({ partitions }) => partitions.every(({ replicas }) => replicas !== null)),
    draft: ({ allowReplicationFactorChange, topics }) => ({ allowReplicationFactorChange, topics }),
    command: ({ allowReplicationFactorChange, topics }) => ({
      kind: 'alter-partition-reassignments',
      allowReplicationFactorChange,
      topics,
    }),
    answer: ({ responses }) => ({ ...done, responses }),
    result: ({ responses }) => ({ responses }),
  }),
  'unregister-broker': codec('unregister-broker', {
    ...apis.UnregisterBroker,
    isRepeatable: false,
    draft: ({ brokerId }) => ({ brokerId }),
    command: ({ brokerId }) => ({ kind: 'unregister-broker', brokerId }),
    answer: () => done,
    result: () => nothing,
  }),
  'allocate-producer-ids': codec('allocate-producer-ids', {
    ...apis.AllocateProducerIds,
    // A block that nobody came to know of is given to nobody.
    isRepeatable: true,
    draft: ({ brokerId, brokerEpoch }) => ({ brokerId, brokerEpoch }),
    command: ({ brokerId, brokerEpoch }) => ({ kind: 'allocate-producer-ids', brokerId, brokerEpoch }),
    answer: ({ producerIdStart, producerIdLen }) => ({
      errorCode: ErrorCode.NONE,
      producerIdStart,
      producerIdLen,
    }),
    result: ({ producerIdStart, producerIdLen }) => ({ producerIdStart, producerIdLen }),
  }),
  'update-features': codec('update-features', {
    ...apis.UpdateFeatures,
    isRepeatable: false,
    draft: ({ updates, validateOnly }) => ({ featureUpdates: updates, validateOnly }),
    command: ({ featureUpdates, validateOnly }) => ({
      kind: 'update-features',
      updates: featureUpdates.map(({ feature, maxVersionLevel, upgradeType }) => ({
        feature,
        maxVersionLevel,
        upgradeType,
      })),
      validateOnly,
    }),
    // All or nothing: that they were made is said of each.
    answer: ({ results }) => ({ ...done, results }),
    result: ({ results }) => ({ results }),
  }),
} as const;

/** What the codecs have in common, whatever the command. */
interface AnyCodec {
  readonly key: number;
  readonly request: Message;
  readonly response: Message;
  readonly isRepeatable: boolean | ((command: ForwardedCommand) => boolean);
  readonly draft: (command: unknown) => unknown;
  readonly command: (request: unknown, extras: CommandExtras) => ForwardedCommand;
  readonly answer: (response: unknown) => unknown;
  readonly result: (answer: unknown) => unknown;
}

const byKind = codecs as unknown as Readonly<Record<ForwardedCommand['kind'], AnyCodec>>;
const kindByKey = new Map<number, ForwardedCommand['kind']>();
for (const kind of Object.keys(byKind) as ForwardedCommand['kind'][]) kindByKey.set(byKind[kind].key, kind);

/** Members of one release speak the newest version; `kafkaesque.version` says when there is another. */
const versionOf = (message: Message): number => message.versions.max;

/** A command as it travels. */
export interface EncodedCommand {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly body: Buffer;
  readonly topicIds: readonly { readonly name: string; readonly topicId: string }[];
  readonly isUnclean?: boolean;
  readonly distrustedDirs?: readonly string[];
  readonly hasDirsAway?: boolean;
}

/** Whether a command is one that travels. */
export const isForwarded = (command: Command): command is ForwardedCommand => command.kind in byKind;

/** The command as it is decided when it comes again. */
export const repeated = <C extends Command>(command: C, { retried, shownOffset }: Attempt): C => {
  if (!retried) return command;
  if (command.kind === 'delete-topics') return { ...command, retried };
  return command.kind === 'create-topics' ? { ...command, repeatedSince: shownOffset } : command;
};

/** Whether it may be sent again when nobody knows whether it was carried out. */
export const isRepeatable = (command: ForwardedCommand): boolean => {
  const { isRepeatable: answer } = byKind[command.kind];
  return typeof answer === 'boolean' ? answer : answer(command);
};

const registrationExtras = ({
  isUnclean = false,
  distrustedDirs = [],
  hasDirsAway = false,
}: RegisterBrokerCommand): Pick<CommandExtras, 'isUnclean' | 'distrustedDirs' | 'hasDirsAway'> => ({
  isUnclean,
  distrustedDirs,
  hasDirsAway,
});

export const encodeCommand = (command: ForwardedCommand): EncodedCommand => {
  const { key, request, draft } = byKind[command.kind];
  const topicIds =
    command.kind === 'create-topics'
      ? [...command.topicIds].map(([name, topicId]) => ({ name, topicId }))
      : [];
  return {
    apiKey: key,
    apiVersion: versionOf(request),
    body: request.encode(draft(command), versionOf(request)),
    topicIds,
    ...(command.kind === 'register-broker' ? registrationExtras(command) : {}),
  };
};

/** Undefined: no command travels under that key. Throws a `DecodeError` for a body that is none. */
export const decodeCommand = (
  { apiKey, apiVersion, body }: Pick<EncodedCommand, 'apiKey' | 'apiVersion' | 'body'>,
  extras: CommandExtras,
): ForwardedCommand | undefined => {
  const kind = kindByKey.get(apiKey);
  if (kind === undefined) return undefined;
  const { request, command } = byKind[kind];
  return repeated(command(request.decode(body, apiVersion), extras), extras);
};

export const encodeCommandResponse = (command: ForwardedCommand, response: unknown): Buffer => {
  const { response: message, answer } = byKind[command.kind];
  return message.encode(answer(response), versionOf(message));
};

/** The answer to a command, from the body that came. */
export const decodeCommandResponse = <C extends ForwardedCommand>(
  command: C,
  body: Buffer,
): CommandResponses[C['kind']] => {
  const { response: message, result } = byKind[command.kind];
  return result(message.decode(body, versionOf(message))) as CommandResponses[C['kind']];
};
