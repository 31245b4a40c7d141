import type { Clock } from '@kafkaesque/kernel';
import { BrokerId } from '@kafkaesque/kernel';
import type { Admin, NewReassignment, Reassignment } from '@kafkaesque/client';
import type { Terminal } from '../command-line/terminal';
import { pause } from '../command-line/throttle';
import {
  byPartition,
  byReplica,
  formatAssignments,
  parseNewAssignments,
  partitionName,
  replicaName,
} from './assignment-file';
import type { Assignment, Placement } from './assignment-file';
import {
  THROTTLES,
  alterThrottles,
  assignmentsOfPartitions,
  currentDirectories,
  failureSentence,
} from './current-assignments';
import { notStarted, refused } from './refusal';
import { movesOf, movingBrokers, throttledReplicas } from './throttled-moves';

export interface ExecuteWish {
  /** Of the `--reassignment-json-file`. */
  readonly text: string;
  readonly isAdditional: boolean;
  /** Bytes a second between brokers, and between directories of a broker; negative: not throttled. */
  readonly throttle: number;
  readonly directoryThrottle: number;
  readonly allowReplicationFactorChange: boolean;
  /** How long moves between directories may take to begin. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

const RETRY_MS = 100;

const EXISTING =
  'Cannot execute because there is an existing partition assignment.  Use --additional to override this and create a ' +
  'new partition assignment in addition to the existing one. The --additional flag can also be used to change the ' +
  'throttle by resubmitting the current reassignment.';

/** Begins a reassignment; its throttles are there before it is. */
export const executeAssignments = async (
  admin: Admin,
  terminal: Terminal,
  wish: ExecuteWish,
): Promise<void> => {
  const { assignments, placements } = parseNewAssignments(wish.text);
  const underWay = (await admin.listPartitionReassignments()) ?? [];
  if (!wish.isAdditional && underWay.length > 0) throw notStarted(EXISTING);
  await checkBrokers(admin, assignments);
  const current = await assignmentsOfPartitions(admin, assignments);
  const directories = await currentDirectories(admin, current);
  terminal.out(
    `Current partition replica assignment\n\n${formatAssignments(current, directories)}\n\n` +
      'Save this to use as the --reassignment-json-file option during rollback\n',
  );
  await setThrottles(admin, terminal, wish, { underWay, assignments, current, placements });
  await alterAssignments(admin, assignments, {
    allowReplicationFactorChange: wish.allowReplicationFactorChange,
    failing: () => 'Error reassigning partition(s):',
  });
  const names = [...assignments].sort(byPartition).map(partitionName);
  const plural = names.length === 1 ? '' : 's';
  terminal.out(`Successfully started partition reassignment${plural} for ${names.join(',')}\n`);
  await moveDirectories(admin, terminal, placements, wish);
};

const checkBrokers = async (admin: Admin, assignments: readonly Assignment[]): Promise<void> => {
  const { nodes } = await admin.describeCluster();
  const known = new Set(nodes.map(({ id }) => Number(id)));
  const asked = [...new Set(assignments.flatMap(({ replicas }) => replicas))].sort((a, b) => a - b);
  const unknown = asked.find((id) => !known.has(id));
  if (unknown !== undefined) throw refused(`Unknown broker id ${unknown}`);
};

const setThrottles = async (
  admin: Admin,
  terminal: Terminal,
  { throttle, directoryThrottle }: ExecuteWish,
  moving: {
    readonly underWay: readonly Reassignment[];
    readonly assignments: readonly Assignment[];
    readonly current: readonly Assignment[];
    readonly placements: readonly Placement[];
  },
): Promise<void> => {
  if (throttle < 0 && directoryThrottle < 0) return;
  terminal.out(
    'Warning: You must run --verify periodically, until the reassignment completes, to ensure the throttle is removed.\n',
  );
  if (throttle >= 0) {
    const moves = movesOf(moving.underWay, moving.assignments, moving.current);
    const topics = throttledReplicas(moves).map(({ topic, leaders, followers }) => ({
      name: topic,
      configs: { [THROTTLES.leaderReplicas]: leaders, [THROTTLES.followerReplicas]: followers },
    }));
    await alterThrottles(admin, 'topic', topics);
    const rate = String(throttle);
    const configs = { [THROTTLES.leaderRate]: rate, [THROTTLES.followerRate]: rate };
    await alterThrottles(admin, 'broker', named(movingBrokers(moves), configs));
    terminal.out(`The inter-broker throttle limit was set to ${throttle} B/s\n`);
  }
  if (directoryThrottle >= 0) {
    const brokers = [...new Set(moving.placements.map(({ broker }) => broker))];
    const configs = { [THROTTLES.directoryRate]: String(directoryThrottle) };
    await alterThrottles(admin, 'broker', named(brokers, configs));
    terminal.out(`The replica-alter-dir throttle limit was set to ${directoryThrottle} B/s\n`);
  }
};

const named = (
  brokers: readonly number[],
  configs: Readonly<Record<string, string>>,
): readonly { readonly name: string; readonly configs: Readonly<Record<string, string>> }[] =>
  brokers.map((id) => ({ name: String(id), configs }));

/** Changes all; what fails is told together, under what `failing` says of so many. */
export const alterAssignments = async (
  admin: Admin,
  changes: readonly NewReassignment[],
  options: {
    readonly allowReplicationFactorChange?: boolean;
    readonly failing: (count: number) => string;
  },
): Promise<void> => {
  const { allowReplicationFactorChange = true, failing } = options;
  const outcomes = await admin.alterPartitionReassignments(changes, { allowReplicationFactorChange });
  const lines = outcomes
    .flatMap((outcome) => (outcome.kind === 'failed' ? [outcome] : []))
    .sort((a, b) => byPartition(a.key, b.key))
    .map(({ key, error }) => `${partitionName(key)}: ${error.message}`);
  if (lines.length > 0) throw notStarted([failing(lines.length), ...lines].join('\n'));
};

/**
 * Moves replicas into directories. One that its broker does not have yet is asked for again, until the time is over: the
 * move to the broker has to come first.
 */
export const moveDirectories = async (
  admin: Admin,
  terminal: Terminal,
  placements: readonly Placement[],
  { timeoutMs, clock }: { readonly timeoutMs: number; readonly clock: Clock },
): Promise<void> => {
  const deadlineMs = clock.monotonicMs() + timeoutMs;
  let pending = [...placements].sort(byReplica);
  while (pending.length > 0) {
    const moves = pending.map((one) => ({ ...one, broker: BrokerId(one.broker) }));
    const outcomes = await admin.alterReplicaLogDirs(moves);
    const waiting = new Set<string>();
    for (const { key, ...outcome } of outcomes) {
      if (outcome.kind === 'done') continue;
      if (outcome.error.code === 'REPLICA_NOT_AVAILABLE') waiting.add(replicaName(key));
      else throw refused(`Failed to alter dir for ${replicaName(key)}\n${failureSentence(outcome.error)}`);
    }
    for (const { topic, partition, broker, path } of pending.filter(
      (one) => !waiting.has(replicaName(one)),
    )) {
      terminal.out(
        `Successfully started moving log directory to ${path} for replica ${topic}-${partition} with broker ${broker} \n`,
      );
    }
    pending = pending.filter((one) => waiting.has(replicaName(one)));
    if (pending.length === 0) return;
    if (clock.monotonicMs() >= deadlineMs || terminal.interrupted.aborted) {
      const plural = pending.length === 1 ? '' : 's';
      const names = pending.map(replicaName).join(',');
      throw notStarted(`Timed out before log directory move${plural} could be started for: ${names}`);
    }
    await pause(clock, RETRY_MS, terminal.interrupted);
  }
};
