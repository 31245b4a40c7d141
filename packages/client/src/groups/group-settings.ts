import type { AssignorName, ConsumerOptions } from '../consumer/consumer-options';
import { ClientError } from '../errors';
import type { PartitionAssignor } from './assignors/assignor';
import { rangeAssignor } from './assignors/range-assignor';
import { roundRobinAssignor } from './assignors/round-robin-assignor';
import { cooperativeStickyAssignor, stickyAssignor } from './assignors/sticky-assignors';

/** The options of a member with their defaults. */
export interface GroupSettings {
  readonly groupId: string;
  readonly groupInstanceId: string | undefined;
  readonly protocol: 'classic' | 'consumer';
  readonly remoteAssignor: string | undefined;
  readonly assignors: readonly PartitionAssignor[];
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly maxPollIntervalMs: number;
  readonly enableAutoCommit: boolean;
  readonly autoCommitIntervalMs: number;
  readonly metadataMaxAgeMs: number;
  readonly allowAutoCreateTopics: boolean;
  readonly excludeInternalTopics: boolean;
  readonly rackId: string | undefined;
}

/** Undefined without a `groupId`. Fails with INVALID_CONFIG. */
export const groupSettings = (options: ConsumerOptions): GroupSettings | undefined => {
  const { groupId } = options;
  if (groupId === undefined) return undefined;
  const protocol = options.groupProtocol ?? 'classic';
  const sessionTimeoutMs = options.sessionTimeoutMs ?? 45_000;
  const heartbeatIntervalMs = options.heartbeatIntervalMs ?? 3000;
  if (groupId === '') throw invalid('groupId is empty: a group has a name');
  if (options.groupInstanceId === '') throw invalid('groupInstanceId is empty');
  if (protocol === 'classic' && heartbeatIntervalMs >= sessionTimeoutMs) {
    throw invalid(
      `heartbeatIntervalMs (${heartbeatIntervalMs}) must be less than sessionTimeoutMs (${sessionTimeoutMs})`,
    );
  }
  if (protocol === 'classic' && options.groupRemoteAssignor !== undefined) {
    throw invalid('groupRemoteAssignor needs groupProtocol consumer');
  }
  if (protocol === 'consumer') refuseClassicOptions(options);
  return {
    groupId,
    groupInstanceId: options.groupInstanceId,
    protocol,
    remoteAssignor: options.groupRemoteAssignor,
    assignors: assignorsOf(options.partitionAssignmentStrategy ?? ['range', 'cooperative-sticky']),
    sessionTimeoutMs,
    heartbeatIntervalMs,
    maxPollIntervalMs: options.maxPollIntervalMs ?? 300_000,
    enableAutoCommit: options.enableAutoCommit ?? true,
    autoCommitIntervalMs: options.autoCommitIntervalMs ?? 5000,
    metadataMaxAgeMs: options.metadataMaxAgeMs ?? 300_000,
    allowAutoCreateTopics: options.allowAutoCreateTopics ?? true,
    excludeInternalTopics: options.excludeInternalTopics ?? true,
    rackId: options.rackId,
  };
};

/** The broker decides these under the consumer protocol. */
const refuseClassicOptions = (options: ConsumerOptions): void => {
  const names = ['partitionAssignmentStrategy', 'sessionTimeoutMs', 'heartbeatIntervalMs'] as const;
  for (const name of names) {
    if (options[name] !== undefined) {
      throw invalid(`${name} has no meaning under groupProtocol consumer: the broker decides it`);
    }
  }
};

const builtIn: Readonly<Record<AssignorName, PartitionAssignor>> = {
  range: rangeAssignor,
  roundrobin: roundRobinAssignor,
  sticky: stickyAssignor,
  'cooperative-sticky': cooperativeStickyAssignor,
};

const assignorsOf = (named: readonly (AssignorName | PartitionAssignor)[]): readonly PartitionAssignor[] => {
  if (named.length === 0) throw invalid('partitionAssignmentStrategy is empty: name at least one assignor');
  return named.map((one) => {
    if (typeof one !== 'string') return one;
    if (Object.hasOwn(builtIn, one)) return builtIn[one];
    throw invalid(`there is no assignor ${one}: choose of ${Object.keys(builtIn).join(', ')}`);
  });
};

const invalid = (message: string): ClientError => new ClientError('usage', 'INVALID_CONFIG', message);
