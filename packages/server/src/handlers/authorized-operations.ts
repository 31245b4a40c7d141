import type { Administrator } from '../broker/broker';
import type { Operation, RequestContext, ResourceType } from './handler';

/** Kafka's codes of operations: bit positions in the authorized operations of an answer (KIP-430). */
const codes = {
  READ: 3,
  WRITE: 4,
  CREATE: 5,
  DELETE: 6,
  ALTER: 7,
  DESCRIBE: 8,
  CLUSTER_ACTION: 9,
  DESCRIBE_CONFIGS: 10,
  ALTER_CONFIGS: 11,
  IDEMPOTENT_WRITE: 12,
} as const satisfies Record<Operation, number>;

const topicOperations: readonly Operation[] = [
  'READ',
  'WRITE',
  'CREATE',
  'DELETE',
  'ALTER',
  'DESCRIBE',
  'DESCRIBE_CONFIGS',
  'ALTER_CONFIGS',
];
const clusterOperations: readonly Operation[] = [
  'CREATE',
  'CLUSTER_ACTION',
  'DESCRIBE_CONFIGS',
  'ALTER_CONFIGS',
  'IDEMPOTENT_WRITE',
  'ALTER',
  'DESCRIBE',
];

const groupOperations: readonly Operation[] = [
  'READ',
  'DESCRIBE',
  'DELETE',
  'DESCRIBE_CONFIGS',
  'ALTER_CONFIGS',
];

/** The answer of a request that did not ask for them. */
export const OPERATIONS_NOT_ASKED = -2147483648;

const bitsOf = (
  broker: Administrator,
  context: RequestContext,
  operations: readonly Operation[],
  resource: ResourceType,
  name: string,
): number =>
  operations.reduce(
    (bits, operation) =>
      broker.isAllowed(context, operation, resource, name) ? bits | (1 << codes[operation]) : bits,
    0,
  );

export const authorizedTopicOperations = (
  broker: Administrator,
  context: RequestContext,
  topic: string,
): number => bitsOf(broker, context, topicOperations, 'TOPIC', topic);

export const authorizedGroupOperations = (
  broker: Administrator,
  context: RequestContext,
  groupId: string,
): number => bitsOf(broker, context, groupOperations, 'GROUP', groupId);

export const authorizedClusterOperations = (broker: Administrator, context: RequestContext): number =>
  bitsOf(broker, context, clusterOperations, 'CLUSTER', 'kafka-cluster');
