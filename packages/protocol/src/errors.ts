/** One error of the Kafka protocol. */
export interface KafkaError {
  readonly code: number;
  /** Whether the client may send the same request again (Kafka's RetriableException). */
  readonly retriable: boolean;
  /**
   * `definite`: the request had no effect (`NONE`: it had its effect). `indefinite`: whether it had one is unknown
   * to who reads the answer: time ran out, the node changed its role after the append, or a retry met what its own
   * first attempt had done. A history checker must allow both.
   */
  readonly effect: 'definite' | 'indefinite';
  /** For people; used where the answer has room for a sentence and nobody has a better one. */
  readonly message: string;
}

const row =
  <Retriable extends boolean, Effect extends KafkaError['effect']>(retriable: Retriable, effect: Effect) =>
  <Code extends number>(code: Code, message: string) =>
    ({ code, retriable, effect, message }) as const;
/** Nothing happened, and the same request would fail again. */
const definite = row(false, 'definite');
/** Nothing happened, and the same request may succeed later. */
const passing = row(true, 'definite');
/** Something may have happened; the same request would not help. */
const indefinite = row(false, 'indefinite');
/** Something may have happened, and the same request may be sent again. */
const unsettled = row(true, 'indefinite');

/** Every error of Kafka 4.3, by Kafka's name. */
export const errors = {
  UNKNOWN_SERVER_ERROR: indefinite(-1, 'The server met an error that it did not expect.'),
  NONE: definite(0, 'No error.'),
  OFFSET_OUT_OF_RANGE: definite(1, 'The offset lies outside what the partition holds.'),
  CORRUPT_MESSAGE: passing(2, 'The record batch is corrupt: its checksum, size or structure is wrong.'),
  UNKNOWN_TOPIC_OR_PARTITION: passing(3, 'This server does not host the topic or partition.'),
  INVALID_FETCH_SIZE: definite(4, 'The fetch size is not valid.'),
  LEADER_NOT_AVAILABLE: passing(5, 'The partition has no leader at the moment; an election is under way.'),
  NOT_LEADER_OR_FOLLOWER: unsettled(6, 'This broker is not the leader, or not a replica, of the partition.'),
  REQUEST_TIMED_OUT: unsettled(7, 'The request did not finish within its time.'),
  BROKER_NOT_AVAILABLE: definite(8, 'The broker is not available.'),
  REPLICA_NOT_AVAILABLE: passing(9, 'The replica is not available on this broker.'),
  MESSAGE_TOO_LARGE: definite(10, 'The record batch is larger than the topic allows.'),
  STALE_CONTROLLER_EPOCH: indefinite(11, 'Another controller has taken over.'),
  OFFSET_METADATA_TOO_LARGE: definite(12, 'The metadata string of the committed offset is too long.'),
  NETWORK_EXCEPTION: unsettled(13, 'The connection was lost before an answer arrived.'),
  COORDINATOR_LOAD_IN_PROGRESS: passing(14, 'The coordinator is still loading its state.'),
  COORDINATOR_NOT_AVAILABLE: unsettled(15, 'The coordinator is not available.'),
  NOT_COORDINATOR: unsettled(16, 'This broker is not the coordinator.'),
  INVALID_TOPIC_EXCEPTION: definite(
    17,
    'The topic name is not valid, or the topic may not be used this way.',
  ),
  RECORD_LIST_TOO_LARGE: definite(18, 'The record batch is larger than a log segment.'),
  NOT_ENOUGH_REPLICAS: passing(19, 'There are fewer in-sync replicas than the topic requires.'),
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: unsettled(
    20,
    'The records were appended, but to fewer in-sync replicas than the topic requires.',
  ),
  INVALID_REQUIRED_ACKS: definite(21, 'The number of required acknowledgements must be -1, 0 or 1.'),
  ILLEGAL_GENERATION: definite(22, 'The generation is not the current one of the group.'),
  INCONSISTENT_GROUP_PROTOCOL: definite(
    23,
    'The member supports no protocol that the group uses, or named none.',
  ),
  INVALID_GROUP_ID: definite(24, 'The group id is not valid.'),
  UNKNOWN_MEMBER_ID: definite(25, 'The coordinator does not know this member.'),
  INVALID_SESSION_TIMEOUT: definite(26, 'The session timeout is outside what the broker allows.'),
  REBALANCE_IN_PROGRESS: definite(27, 'The group is rebalancing; the member must join again.'),
  INVALID_COMMIT_OFFSET_SIZE: definite(28, 'The offset commit is too large.'),
  TOPIC_AUTHORIZATION_FAILED: definite(29, 'The principal is not authorized for this topic.'),
  GROUP_AUTHORIZATION_FAILED: definite(30, 'The principal is not authorized for this group.'),
  CLUSTER_AUTHORIZATION_FAILED: definite(31, 'The principal is not authorized for this cluster operation.'),
  INVALID_TIMESTAMP: definite(32, 'The timestamp of a record is outside what the topic accepts.'),
  UNSUPPORTED_SASL_MECHANISM: definite(33, 'The broker does not offer this SASL mechanism.'),
  ILLEGAL_SASL_STATE: definite(34, 'The request does not fit the state of the SASL handshake.'),
  UNSUPPORTED_VERSION: definite(35, 'The server does not support this version of the API.'),
  TOPIC_ALREADY_EXISTS: definite(36, 'A topic of this name exists already.'),
  INVALID_PARTITIONS: definite(37, 'The number of partitions is not valid.'),
  INVALID_REPLICATION_FACTOR: definite(
    38,
    'The replication factor is below 1 or above the number of available brokers.',
  ),
  INVALID_REPLICA_ASSIGNMENT: definite(39, 'The replica assignment is not valid.'),
  INVALID_CONFIG: definite(40, 'The configuration is not valid.'),
  NOT_CONTROLLER: unsettled(41, 'This node is not the active controller.'),
  INVALID_REQUEST: definite(42, 'The request is malformed, or its fields contradict each other.'),
  UNSUPPORTED_FOR_MESSAGE_FORMAT: definite(
    43,
    'The record format of the partition does not support the request.',
  ),
  POLICY_VIOLATION: definite(44, 'The request breaks a policy of the cluster.'),
  OUT_OF_ORDER_SEQUENCE_NUMBER: definite(
    45,
    'The sequence number does not follow the last one of this producer.',
  ),
  DUPLICATE_SEQUENCE_NUMBER: indefinite(46, 'The sequence number was seen before.'),
  INVALID_PRODUCER_EPOCH: indefinite(47, 'The producer epoch is old.'),
  INVALID_TXN_STATE: indefinite(48, 'The transaction is in a state that does not allow this operation.'),
  INVALID_PRODUCER_ID_MAPPING: indefinite(49, 'The producer id does not belong to the transactional id.'),
  INVALID_TRANSACTION_TIMEOUT: definite(50, 'The transaction timeout is longer than the broker allows.'),
  CONCURRENT_TRANSACTIONS: passing(51, 'Another operation on the same transaction is still under way.'),
  TRANSACTION_COORDINATOR_FENCED: indefinite(
    52,
    'The transaction coordinator that sent the marker has been replaced.',
  ),
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: definite(
    53,
    'The principal is not authorized for this transactional id.',
  ),
  SECURITY_DISABLED: definite(54, 'Security features are turned off.'),
  OPERATION_NOT_ATTEMPTED: definite(
    55,
    'The operation was not attempted, because another of the same request failed.',
  ),
  KAFKA_STORAGE_ERROR: unsettled(56, "The disk failed under the partition's log."),
  LOG_DIR_NOT_FOUND: definite(57, 'The log directory is not known to this broker.'),
  SASL_AUTHENTICATION_FAILED: definite(58, 'Authentication failed.'),
  UNKNOWN_PRODUCER_ID: definite(
    59,
    'The broker holds no state of this producer id; its records may have been removed.',
  ),
  REASSIGNMENT_IN_PROGRESS: definite(60, 'The partition is being reassigned.'),
  DELEGATION_TOKEN_AUTH_DISABLED: definite(61, 'Delegation tokens are not enabled.'),
  DELEGATION_TOKEN_NOT_FOUND: definite(62, 'The delegation token is not known.'),
  DELEGATION_TOKEN_OWNER_MISMATCH: definite(
    63,
    'The principal neither owns the delegation token nor may renew it.',
  ),
  DELEGATION_TOKEN_REQUEST_NOT_ALLOWED: definite(
    64,
    'Delegation tokens cannot be requested over this kind of connection.',
  ),
  DELEGATION_TOKEN_AUTHORIZATION_FAILED: definite(
    65,
    'The principal is not authorized for this delegation token.',
  ),
  DELEGATION_TOKEN_EXPIRED: definite(66, 'The delegation token has expired.'),
  INVALID_PRINCIPAL_TYPE: definite(67, 'The principal type is not supported.'),
  NON_EMPTY_GROUP: definite(68, 'The group still has members.'),
  GROUP_ID_NOT_FOUND: definite(69, 'There is no group of this id.'),
  FETCH_SESSION_ID_NOT_FOUND: passing(70, 'The fetch session is not known.'),
  INVALID_FETCH_SESSION_EPOCH: passing(71, 'The epoch of the fetch session is not the expected one.'),
  LISTENER_NOT_FOUND: passing(72, 'The leader has no listener of the name that the request came in by.'),
  TOPIC_DELETION_DISABLED: definite(73, 'Topic deletion is turned off.'),
  FENCED_LEADER_EPOCH: unsettled(74, "The leader epoch of the request is older than the broker's."),
  UNKNOWN_LEADER_EPOCH: passing(75, "The leader epoch of the request is newer than the broker's."),
  UNSUPPORTED_COMPRESSION_TYPE: definite(76, 'The compression codec is not supported here.'),
  STALE_BROKER_EPOCH: definite(77, 'The broker epoch is not the current one.'),
  OFFSET_NOT_AVAILABLE: passing(78, 'The new leader does not know its high watermark yet.'),
  MEMBER_ID_REQUIRED: definite(79, 'The member needs an id before it can join; it is in this answer.'),
  PREFERRED_LEADER_NOT_AVAILABLE: passing(80, 'The preferred leader is not available.'),
  GROUP_MAX_SIZE_REACHED: definite(81, 'The group has as many members as it may have.'),
  FENCED_INSTANCE_ID: indefinite(82, 'Another member has registered with the same group instance id.'),
  ELIGIBLE_LEADERS_NOT_AVAILABLE: passing(83, 'No replica is eligible to lead the partition.'),
  ELECTION_NOT_NEEDED: passing(84, 'The partition needs no election.'),
  NO_REASSIGNMENT_IN_PROGRESS: definite(85, 'The partition is not being reassigned.'),
  GROUP_SUBSCRIBED_TO_TOPIC: definite(
    86,
    'The group is subscribed to the topic, so its offsets cannot be deleted.',
  ),
  INVALID_RECORD: definite(87, "A record was refused by the broker's validation."),
  UNSTABLE_OFFSET_COMMIT: passing(88, 'Offsets of an open transaction must be settled first.'),
  THROTTLING_QUOTA_EXCEEDED: passing(89, 'The quota is used up for the moment.'),
  PRODUCER_FENCED: indefinite(90, 'A newer producer uses the same transactional id.'),
  RESOURCE_NOT_FOUND: definite(91, 'The request names something that does not exist.'),
  DUPLICATE_RESOURCE: definite(92, 'The request names the same thing twice.'),
  UNACCEPTABLE_CREDENTIAL: definite(93, 'The credential does not meet the rules.'),
  INCONSISTENT_VOTER_SET: definite(94, 'The sender or the receiver is not among the expected voters.'),
  INVALID_UPDATE_VERSION: definite(95, 'The update version is not valid.'),
  FEATURE_UPDATE_FAILED: indefinite(96, 'The finalized features could not be updated.'),
  PRINCIPAL_DESERIALIZATION_FAILURE: definite(97, 'The forwarded principal could not be read.'),
  SNAPSHOT_NOT_FOUND: definite(98, 'The snapshot does not exist.'),
  POSITION_OUT_OF_RANGE: definite(99, 'The position lies outside the snapshot.'),
  UNKNOWN_TOPIC_ID: passing(100, 'This server does not host a topic of this id.'),
  DUPLICATE_BROKER_REGISTRATION: definite(101, 'Another broker is registered with this id.'),
  BROKER_ID_NOT_REGISTERED: definite(102, 'No broker is registered with this id.'),
  INCONSISTENT_TOPIC_ID: passing(103, 'The topic id of the log is not the one of the request.'),
  INCONSISTENT_CLUSTER_ID: definite(104, 'The request is meant for another cluster.'),
  TRANSACTIONAL_ID_NOT_FOUND: definite(105, 'The transactional id is not known.'),
  FETCH_SESSION_TOPIC_ID_ERROR: passing(106, 'The fetch session mixed topics with and without ids.'),
  INELIGIBLE_REPLICA: definite(107, 'A replica of the new in-sync set is not eligible.'),
  NEW_LEADER_ELECTED: indefinite(108, 'The in-sync set was changed, and the partition has a new leader.'),
  OFFSET_MOVED_TO_TIERED_STORAGE: definite(109, 'The offset has moved to tiered storage.'),
  FENCED_MEMBER_EPOCH: indefinite(
    110,
    'The member epoch was fenced; the member must give up its partitions and join again.',
  ),
  UNRELEASED_INSTANCE_ID: definite(111, 'The instance id is still in use by another member of the group.'),
  UNSUPPORTED_ASSIGNOR: definite(112, 'The group does not support the assignor.'),
  STALE_MEMBER_EPOCH: definite(113, 'The member epoch is not the current one.'),
  MISMATCHED_ENDPOINT_TYPE: definite(114, 'The request came to an endpoint of the wrong type.'),
  UNSUPPORTED_ENDPOINT_TYPE: definite(115, 'The endpoint type is not supported.'),
  UNKNOWN_CONTROLLER_ID: definite(116, 'The controller id is not known.'),
  UNKNOWN_SUBSCRIPTION_ID: definite(117, 'The telemetry subscription is not known or out of date.'),
  TELEMETRY_TOO_LARGE: definite(118, 'The telemetry is larger than the broker accepts.'),
  INVALID_REGISTRATION: definite(119, 'The controller refused the registration.'),
  TRANSACTION_ABORTABLE: indefinite(
    120,
    'The transaction cannot go on; it can be aborted, and the transactional id used further.',
  ),
  INVALID_RECORD_STATE: definite(121, 'The record is not in a state that can be acknowledged so.'),
  SHARE_SESSION_NOT_FOUND: passing(122, 'The share session is not known.'),
  INVALID_SHARE_SESSION_EPOCH: passing(123, 'The epoch of the share session is not the expected one.'),
  FENCED_STATE_EPOCH: indefinite(124, 'The state epoch of the share group is old.'),
  INVALID_VOTER_KEY: definite(125, 'The voter key is not the one of the receiving replica.'),
  DUPLICATE_VOTER: definite(126, 'The voter is in the set of voters already.'),
  VOTER_NOT_FOUND: definite(127, 'The voter is not in the set of voters.'),
  INVALID_REGULAR_EXPRESSION: definite(128, 'The regular expression is not valid.'),
  REBOOTSTRAP_REQUIRED: definite(129, "The client's metadata is too old; it must bootstrap again."),
  STREAMS_INVALID_TOPOLOGY: definite(130, 'The topology is not valid.'),
  STREAMS_INVALID_TOPOLOGY_EPOCH: definite(131, 'The epoch of the topology is not valid.'),
  STREAMS_TOPOLOGY_FENCED: definite(132, 'The epoch of the topology is old.'),
  SHARE_SESSION_LIMIT_REACHED: passing(133, 'There are as many share sessions as there may be.'),
} as const satisfies Readonly<Record<string, KafkaError>>;

/** Kafka's name of an error code. */
export type ErrorName = keyof typeof errors;
/** The codes of the table as literal types. */
export type ErrorCode = (typeof errors)[ErrorName]['code'];

/** The codes by name: `ErrorCode.NOT_LEADER_OR_FOLLOWER`. */
export const ErrorCode = Object.fromEntries(
  Object.entries(errors).map(([name, error]) => [name, error.code]),
) as {
  readonly [Name in ErrorName]: (typeof errors)[Name]['code'];
};

const names = new Map<number, ErrorName>(
  Object.entries(errors).map(([name, error]) => [error.code, name as ErrorName]),
);

/** Kafka's name of a code; an unknown code is what Kafka's clients make of it, `UNKNOWN_SERVER_ERROR`. */
export const errorName = (code: number): ErrorName => names.get(code) ?? 'UNKNOWN_SERVER_ERROR';

/** The row of a code; an unknown code gives that of `UNKNOWN_SERVER_ERROR`. */
export const errorOf = (code: number): KafkaError => errors[errorName(code)];
