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

/** Every error of Kafka 4.3, by Kafka's name. */
export const errors = {
  UNKNOWN_SERVER_ERROR: {
    code: -1,
    retriable: false,
    effect: 'indefinite',
    message: 'The server met an error that it did not expect.',
  },
  NONE: { code: 0, retriable: false, effect: 'definite', message: 'No error.' },
  OFFSET_OUT_OF_RANGE: {
    code: 1,
    retriable: false,
    effect: 'definite',
    message: 'The offset lies outside what the partition holds.',
  },
  CORRUPT_MESSAGE: {
    code: 2,
    retriable: true,
    effect: 'definite',
    message: 'The record batch is corrupt: its checksum, size or structure is wrong.',
  },
  UNKNOWN_TOPIC_OR_PARTITION: {
    code: 3,
    retriable: true,
    effect: 'definite',
    message: 'This server does not host the topic or partition.',
  },
  INVALID_FETCH_SIZE: {
    code: 4,
    retriable: false,
    effect: 'definite',
    message: 'The fetch size is not valid.',
  },
  LEADER_NOT_AVAILABLE: {
    code: 5,
    retriable: true,
    effect: 'definite',
    message: 'The partition has no leader at the moment; an election is under way.',
  },
  NOT_LEADER_OR_FOLLOWER: {
    code: 6,
    retriable: true,
    effect: 'indefinite',
    message: 'This broker is not the leader, or not a replica, of the partition.',
  },
  REQUEST_TIMED_OUT: {
    code: 7,
    retriable: true,
    effect: 'indefinite',
    message: 'The request did not finish within its time.',
  },
  BROKER_NOT_AVAILABLE: {
    code: 8,
    retriable: false,
    effect: 'definite',
    message: 'The broker is not available.',
  },
  REPLICA_NOT_AVAILABLE: {
    code: 9,
    retriable: true,
    effect: 'definite',
    message: 'The replica is not available on this broker.',
  },
  MESSAGE_TOO_LARGE: {
    code: 10,
    retriable: false,
    effect: 'definite',
    message: 'The record batch is larger than the topic allows.',
  },
  STALE_CONTROLLER_EPOCH: {
    code: 11,
    retriable: false,
    effect: 'indefinite',
    message: 'Another controller has taken over.',
  },
  OFFSET_METADATA_TOO_LARGE: {
    code: 12,
    retriable: false,
    effect: 'definite',
    message: 'The metadata string of the committed offset is too long.',
  },
  NETWORK_EXCEPTION: {
    code: 13,
    retriable: true,
    effect: 'indefinite',
    message: 'The connection was lost before an answer arrived.',
  },
  COORDINATOR_LOAD_IN_PROGRESS: {
    code: 14,
    retriable: true,
    effect: 'definite',
    message: 'The coordinator is still loading its state.',
  },
  COORDINATOR_NOT_AVAILABLE: {
    code: 15,
    retriable: true,
    effect: 'indefinite',
    message: 'The coordinator is not available.',
  },
  NOT_COORDINATOR: {
    code: 16,
    retriable: true,
    effect: 'indefinite',
    message: 'This broker is not the coordinator.',
  },
  INVALID_TOPIC_EXCEPTION: {
    code: 17,
    retriable: false,
    effect: 'definite',
    message: 'The topic name is not valid, or the topic may not be used this way.',
  },
  RECORD_LIST_TOO_LARGE: {
    code: 18,
    retriable: false,
    effect: 'definite',
    message: 'The record batch is larger than a log segment.',
  },
  NOT_ENOUGH_REPLICAS: {
    code: 19,
    retriable: true,
    effect: 'definite',
    message: 'There are fewer in-sync replicas than the topic requires.',
  },
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: {
    code: 20,
    retriable: true,
    effect: 'indefinite',
    message: 'The records were appended, but to fewer in-sync replicas than the topic requires.',
  },
  INVALID_REQUIRED_ACKS: {
    code: 21,
    retriable: false,
    effect: 'definite',
    message: 'The number of required acknowledgements must be -1, 0 or 1.',
  },
  ILLEGAL_GENERATION: {
    code: 22,
    retriable: false,
    effect: 'definite',
    message: 'The generation is not the current one of the group.',
  },
  INCONSISTENT_GROUP_PROTOCOL: {
    code: 23,
    retriable: false,
    effect: 'definite',
    message: 'The member supports no protocol that the group uses, or named none.',
  },
  INVALID_GROUP_ID: { code: 24, retriable: false, effect: 'definite', message: 'The group id is not valid.' },
  UNKNOWN_MEMBER_ID: {
    code: 25,
    retriable: false,
    effect: 'definite',
    message: 'The coordinator does not know this member.',
  },
  INVALID_SESSION_TIMEOUT: {
    code: 26,
    retriable: false,
    effect: 'definite',
    message: 'The session timeout is outside what the broker allows.',
  },
  REBALANCE_IN_PROGRESS: {
    code: 27,
    retriable: false,
    effect: 'definite',
    message: 'The group is rebalancing; the member must join again.',
  },
  INVALID_COMMIT_OFFSET_SIZE: {
    code: 28,
    retriable: false,
    effect: 'definite',
    message: 'The offset commit is too large.',
  },
  TOPIC_AUTHORIZATION_FAILED: {
    code: 29,
    retriable: false,
    effect: 'definite',
    message: 'The principal is not authorized for this topic.',
  },
  GROUP_AUTHORIZATION_FAILED: {
    code: 30,
    retriable: false,
    effect: 'definite',
    message: 'The principal is not authorized for this group.',
  },
  CLUSTER_AUTHORIZATION_FAILED: {
    code: 31,
    retriable: false,
    effect: 'definite',
    message: 'The principal is not authorized for this cluster operation.',
  },
  INVALID_TIMESTAMP: {
    code: 32,
    retriable: false,
    effect: 'definite',
    message: 'The timestamp of a record is outside what the topic accepts.',
  },
  UNSUPPORTED_SASL_MECHANISM: {
    code: 33,
    retriable: false,
    effect: 'definite',
    message: 'The broker does not offer this SASL mechanism.',
  },
  ILLEGAL_SASL_STATE: {
    code: 34,
    retriable: false,
    effect: 'definite',
    message: 'The request does not fit the state of the SASL handshake.',
  },
  UNSUPPORTED_VERSION: {
    code: 35,
    retriable: false,
    effect: 'definite',
    message: 'The server does not support this version of the API.',
  },
  TOPIC_ALREADY_EXISTS: {
    code: 36,
    retriable: false,
    effect: 'definite',
    message: 'A topic of this name exists already.',
  },
  INVALID_PARTITIONS: {
    code: 37,
    retriable: false,
    effect: 'definite',
    message: 'The number of partitions is not valid.',
  },
  INVALID_REPLICATION_FACTOR: {
    code: 38,
    retriable: false,
    effect: 'definite',
    message: 'The replication factor is below 1 or above the number of available brokers.',
  },
  INVALID_REPLICA_ASSIGNMENT: {
    code: 39,
    retriable: false,
    effect: 'definite',
    message: 'The replica assignment is not valid.',
  },
  INVALID_CONFIG: {
    code: 40,
    retriable: false,
    effect: 'definite',
    message: 'The configuration is not valid.',
  },
  NOT_CONTROLLER: {
    code: 41,
    retriable: true,
    effect: 'indefinite',
    message: 'This node is not the active controller.',
  },
  INVALID_REQUEST: {
    code: 42,
    retriable: false,
    effect: 'definite',
    message: 'The request is malformed, or its fields contradict each other.',
  },
  UNSUPPORTED_FOR_MESSAGE_FORMAT: {
    code: 43,
    retriable: false,
    effect: 'definite',
    message: 'The record format of the partition does not support the request.',
  },
  POLICY_VIOLATION: {
    code: 44,
    retriable: false,
    effect: 'definite',
    message: 'The request breaks a policy of the cluster.',
  },
  OUT_OF_ORDER_SEQUENCE_NUMBER: {
    code: 45,
    retriable: false,
    effect: 'definite',
    message: 'The sequence number does not follow the last one of this producer.',
  },
  DUPLICATE_SEQUENCE_NUMBER: {
    code: 46,
    retriable: false,
    effect: 'indefinite',
    message: 'The sequence number was seen before.',
  },
  INVALID_PRODUCER_EPOCH: {
    code: 47,
    retriable: false,
    effect: 'indefinite',
    message: 'The producer epoch is old.',
  },
  INVALID_TXN_STATE: {
    code: 48,
    retriable: false,
    effect: 'indefinite',
    message: 'The transaction is in a state that does not allow this operation.',
  },
  INVALID_PRODUCER_ID_MAPPING: {
    code: 49,
    retriable: false,
    effect: 'indefinite',
    message: 'The producer id does not belong to the transactional id.',
  },
  INVALID_TRANSACTION_TIMEOUT: {
    code: 50,
    retriable: false,
    effect: 'definite',
    message: 'The transaction timeout is longer than the broker allows.',
  },
  CONCURRENT_TRANSACTIONS: {
    code: 51,
    retriable: true,
    effect: 'definite',
    message: 'Another operation on the same transaction is still under way.',
  },
  TRANSACTION_COORDINATOR_FENCED: {
    code: 52,
    retriable: false,
    effect: 'indefinite',
    message: 'The transaction coordinator that sent the marker has been replaced.',
  },
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: {
    code: 53,
    retriable: false,
    effect: 'definite',
    message: 'The principal is not authorized for this transactional id.',
  },
  SECURITY_DISABLED: {
    code: 54,
    retriable: false,
    effect: 'definite',
    message: 'Security features are turned off.',
  },
  OPERATION_NOT_ATTEMPTED: {
    code: 55,
    retriable: false,
    effect: 'definite',
    message: 'The operation was not attempted, because another of the same request failed.',
  },
  KAFKA_STORAGE_ERROR: {
    code: 56,
    retriable: true,
    effect: 'indefinite',
    message: "The disk failed under the partition's log.",
  },
  LOG_DIR_NOT_FOUND: {
    code: 57,
    retriable: false,
    effect: 'definite',
    message: 'The log directory is not known to this broker.',
  },
  SASL_AUTHENTICATION_FAILED: {
    code: 58,
    retriable: false,
    effect: 'definite',
    message: 'Authentication failed.',
  },
  UNKNOWN_PRODUCER_ID: {
    code: 59,
    retriable: false,
    effect: 'definite',
    message: 'The broker holds no state of this producer id; its records may have been removed.',
  },
  REASSIGNMENT_IN_PROGRESS: {
    code: 60,
    retriable: false,
    effect: 'definite',
    message: 'The partition is being reassigned.',
  },
  DELEGATION_TOKEN_AUTH_DISABLED: {
    code: 61,
    retriable: false,
    effect: 'definite',
    message: 'Delegation tokens are not enabled.',
  },
  DELEGATION_TOKEN_NOT_FOUND: {
    code: 62,
    retriable: false,
    effect: 'definite',
    message: 'The delegation token is not known.',
  },
  DELEGATION_TOKEN_OWNER_MISMATCH: {
    code: 63,
    retriable: false,
    effect: 'definite',
    message: 'The principal neither owns the delegation token nor may renew it.',
  },
  DELEGATION_TOKEN_REQUEST_NOT_ALLOWED: {
    code: 64,
    retriable: false,
    effect: 'definite',
    message: 'Delegation tokens cannot be requested over this kind of connection.',
  },
  DELEGATION_TOKEN_AUTHORIZATION_FAILED: {
    code: 65,
    retriable: false,
    effect: 'definite',
    message: 'The principal is not authorized for this delegation token.',
  },
  DELEGATION_TOKEN_EXPIRED: {
    code: 66,
    retriable: false,
    effect: 'definite',
    message: 'The delegation token has expired.',
  },
  INVALID_PRINCIPAL_TYPE: {
    code: 67,
    retriable: false,
    effect: 'definite',
    message: 'The principal type is not supported.',
  },
  NON_EMPTY_GROUP: {
    code: 68,
    retriable: false,
    effect: 'definite',
    message: 'The group still has members.',
  },
  GROUP_ID_NOT_FOUND: {
    code: 69,
    retriable: false,
    effect: 'definite',
    message: 'There is no group of this id.',
  },
  FETCH_SESSION_ID_NOT_FOUND: {
    code: 70,
    retriable: true,
    effect: 'definite',
    message: 'The fetch session is not known.',
  },
  INVALID_FETCH_SESSION_EPOCH: {
    code: 71,
    retriable: true,
    effect: 'definite',
    message: 'The epoch of the fetch session is not the expected one.',
  },
  LISTENER_NOT_FOUND: {
    code: 72,
    retriable: true,
    effect: 'definite',
    message: 'The leader has no listener of the name that the request came in by.',
  },
  TOPIC_DELETION_DISABLED: {
    code: 73,
    retriable: false,
    effect: 'definite',
    message: 'Topic deletion is turned off.',
  },
  FENCED_LEADER_EPOCH: {
    code: 74,
    retriable: true,
    effect: 'indefinite',
    message: "The leader epoch of the request is older than the broker's.",
  },
  UNKNOWN_LEADER_EPOCH: {
    code: 75,
    retriable: true,
    effect: 'definite',
    message: "The leader epoch of the request is newer than the broker's.",
  },
  UNSUPPORTED_COMPRESSION_TYPE: {
    code: 76,
    retriable: false,
    effect: 'definite',
    message: 'The compression codec is not supported here.',
  },
  STALE_BROKER_EPOCH: {
    code: 77,
    retriable: false,
    effect: 'definite',
    message: 'The broker epoch is not the current one.',
  },
  OFFSET_NOT_AVAILABLE: {
    code: 78,
    retriable: true,
    effect: 'definite',
    message: 'The new leader does not know its high watermark yet.',
  },
  MEMBER_ID_REQUIRED: {
    code: 79,
    retriable: false,
    effect: 'definite',
    message: 'The member needs an id before it can join; it is in this answer.',
  },
  PREFERRED_LEADER_NOT_AVAILABLE: {
    code: 80,
    retriable: true,
    effect: 'definite',
    message: 'The preferred leader is not available.',
  },
  GROUP_MAX_SIZE_REACHED: {
    code: 81,
    retriable: false,
    effect: 'definite',
    message: 'The group has as many members as it may have.',
  },
  FENCED_INSTANCE_ID: {
    code: 82,
    retriable: false,
    effect: 'indefinite',
    message: 'Another member has registered with the same group instance id.',
  },
  ELIGIBLE_LEADERS_NOT_AVAILABLE: {
    code: 83,
    retriable: true,
    effect: 'definite',
    message: 'No replica is eligible to lead the partition.',
  },
  ELECTION_NOT_NEEDED: {
    code: 84,
    retriable: true,
    effect: 'definite',
    message: 'The partition needs no election.',
  },
  NO_REASSIGNMENT_IN_PROGRESS: {
    code: 85,
    retriable: false,
    effect: 'definite',
    message: 'The partition is not being reassigned.',
  },
  GROUP_SUBSCRIBED_TO_TOPIC: {
    code: 86,
    retriable: false,
    effect: 'definite',
    message: 'The group is subscribed to the topic, so its offsets cannot be deleted.',
  },
  INVALID_RECORD: {
    code: 87,
    retriable: false,
    effect: 'definite',
    message: "A record was refused by the broker's validation.",
  },
  UNSTABLE_OFFSET_COMMIT: {
    code: 88,
    retriable: true,
    effect: 'definite',
    message: 'Offsets of an open transaction must be settled first.',
  },
  THROTTLING_QUOTA_EXCEEDED: {
    code: 89,
    retriable: true,
    effect: 'definite',
    message: 'The quota is used up for the moment.',
  },
  PRODUCER_FENCED: {
    code: 90,
    retriable: false,
    effect: 'indefinite',
    message: 'A newer producer uses the same transactional id.',
  },
  RESOURCE_NOT_FOUND: {
    code: 91,
    retriable: false,
    effect: 'definite',
    message: 'The request names something that does not exist.',
  },
  DUPLICATE_RESOURCE: {
    code: 92,
    retriable: false,
    effect: 'definite',
    message: 'The request names the same thing twice.',
  },
  UNACCEPTABLE_CREDENTIAL: {
    code: 93,
    retriable: false,
    effect: 'definite',
    message: 'The credential does not meet the rules.',
  },
  INCONSISTENT_VOTER_SET: {
    code: 94,
    retriable: false,
    effect: 'definite',
    message: 'The sender or the receiver is not among the expected voters.',
  },
  INVALID_UPDATE_VERSION: {
    code: 95,
    retriable: false,
    effect: 'definite',
    message: 'The update version is not valid.',
  },
  FEATURE_UPDATE_FAILED: {
    code: 96,
    retriable: false,
    effect: 'indefinite',
    message: 'The finalized features could not be updated.',
  },
  PRINCIPAL_DESERIALIZATION_FAILURE: {
    code: 97,
    retriable: false,
    effect: 'definite',
    message: 'The forwarded principal could not be read.',
  },
  SNAPSHOT_NOT_FOUND: {
    code: 98,
    retriable: false,
    effect: 'definite',
    message: 'The snapshot does not exist.',
  },
  POSITION_OUT_OF_RANGE: {
    code: 99,
    retriable: false,
    effect: 'definite',
    message: 'The position lies outside the snapshot.',
  },
  UNKNOWN_TOPIC_ID: {
    code: 100,
    retriable: true,
    effect: 'definite',
    message: 'This server does not host a topic of this id.',
  },
  DUPLICATE_BROKER_REGISTRATION: {
    code: 101,
    retriable: false,
    effect: 'definite',
    message: 'Another broker is registered with this id.',
  },
  BROKER_ID_NOT_REGISTERED: {
    code: 102,
    retriable: false,
    effect: 'definite',
    message: 'No broker is registered with this id.',
  },
  INCONSISTENT_TOPIC_ID: {
    code: 103,
    retriable: true,
    effect: 'definite',
    message: 'The topic id of the log is not the one of the request.',
  },
  INCONSISTENT_CLUSTER_ID: {
    code: 104,
    retriable: false,
    effect: 'definite',
    message: 'The request is meant for another cluster.',
  },
  TRANSACTIONAL_ID_NOT_FOUND: {
    code: 105,
    retriable: false,
    effect: 'definite',
    message: 'The transactional id is not known.',
  },
  FETCH_SESSION_TOPIC_ID_ERROR: {
    code: 106,
    retriable: true,
    effect: 'definite',
    message: 'The fetch session mixed topics with and without ids.',
  },
  INELIGIBLE_REPLICA: {
    code: 107,
    retriable: false,
    effect: 'definite',
    message: 'A replica of the new in-sync set is not eligible.',
  },
  NEW_LEADER_ELECTED: {
    code: 108,
    retriable: false,
    effect: 'indefinite',
    message: 'The in-sync set was changed, and the partition has a new leader.',
  },
  OFFSET_MOVED_TO_TIERED_STORAGE: {
    code: 109,
    retriable: false,
    effect: 'definite',
    message: 'The offset has moved to tiered storage.',
  },
  FENCED_MEMBER_EPOCH: {
    code: 110,
    retriable: false,
    effect: 'indefinite',
    message: 'The member epoch was fenced; the member must give up its partitions and join again.',
  },
  UNRELEASED_INSTANCE_ID: {
    code: 111,
    retriable: false,
    effect: 'definite',
    message: 'The instance id is still in use by another member of the group.',
  },
  UNSUPPORTED_ASSIGNOR: {
    code: 112,
    retriable: false,
    effect: 'definite',
    message: 'The group does not support the assignor.',
  },
  STALE_MEMBER_EPOCH: {
    code: 113,
    retriable: false,
    effect: 'definite',
    message: 'The member epoch is not the current one.',
  },
  MISMATCHED_ENDPOINT_TYPE: {
    code: 114,
    retriable: false,
    effect: 'definite',
    message: 'The request came to an endpoint of the wrong type.',
  },
  UNSUPPORTED_ENDPOINT_TYPE: {
    code: 115,
    retriable: false,
    effect: 'definite',
    message: 'The endpoint type is not supported.',
  },
  UNKNOWN_CONTROLLER_ID: {
    code: 116,
    retriable: false,
    effect: 'definite',
    message: 'The controller id is not known.',
  },
  UNKNOWN_SUBSCRIPTION_ID: {
    code: 117,
    retriable: false,
    effect: 'definite',
    message: 'The telemetry subscription is not known or out of date.',
  },
  TELEMETRY_TOO_LARGE: {
    code: 118,
    retriable: false,
    effect: 'definite',
    message: 'The telemetry is larger than the broker accepts.',
  },
  INVALID_REGISTRATION: {
    code: 119,
    retriable: false,
    effect: 'definite',
    message: 'The controller refused the registration.',
  },
  TRANSACTION_ABORTABLE: {
    code: 120,
    retriable: false,
    effect: 'indefinite',
    message: 'The transaction cannot go on; it can be aborted, and the transactional id used further.',
  },
  INVALID_RECORD_STATE: {
    code: 121,
    retriable: false,
    effect: 'definite',
    message: 'The record is not in a state that can be acknowledged so.',
  },
  SHARE_SESSION_NOT_FOUND: {
    code: 122,
    retriable: true,
    effect: 'definite',
    message: 'The share session is not known.',
  },
  INVALID_SHARE_SESSION_EPOCH: {
    code: 123,
    retriable: true,
    effect: 'definite',
    message: 'The epoch of the share session is not the expected one.',
  },
  FENCED_STATE_EPOCH: {
    code: 124,
    retriable: false,
    effect: 'indefinite',
    message: 'The state epoch of the share group is old.',
  },
  INVALID_VOTER_KEY: {
    code: 125,
    retriable: false,
    effect: 'definite',
    message: 'The voter key is not the one of the receiving replica.',
  },
  DUPLICATE_VOTER: {
    code: 126,
    retriable: false,
    effect: 'definite',
    message: 'The voter is in the set of voters already.',
  },
  VOTER_NOT_FOUND: {
    code: 127,
    retriable: false,
    effect: 'definite',
    message: 'The voter is not in the set of voters.',
  },
  INVALID_REGULAR_EXPRESSION: {
    code: 128,
    retriable: false,
    effect: 'definite',
    message: 'The regular expression is not valid.',
  },
  REBOOTSTRAP_REQUIRED: {
    code: 129,
    retriable: false,
    effect: 'definite',
    message: "The client's metadata is too old; it must bootstrap again.",
  },
  STREAMS_INVALID_TOPOLOGY: {
    code: 130,
    retriable: false,
    effect: 'definite',
    message: 'The topology is not valid.',
  },
  STREAMS_INVALID_TOPOLOGY_EPOCH: {
    code: 131,
    retriable: false,
    effect: 'definite',
    message: 'The epoch of the topology is not valid.',
  },
  STREAMS_TOPOLOGY_FENCED: {
    code: 132,
    retriable: false,
    effect: 'definite',
    message: 'The epoch of the topology is old.',
  },
  SHARE_SESSION_LIMIT_REACHED: {
    code: 133,
    retriable: true,
    effect: 'definite',
    message: 'There are as many share sessions as there may be.',
  },
} as const satisfies Readonly<Record<string, KafkaError>>;

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
