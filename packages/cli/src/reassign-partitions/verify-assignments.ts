import type { Admin } from '@kafkaesque/client';
import type { Terminal } from '../command-line/terminal';
import type { Assignment } from './assignment-file';
import { byPartition, parseAssignments, partitionName } from './assignment-file';
import { THROTTLES, alterThrottles } from './current-assignments';
import { directoryMoveLine, directoryMoves } from './replica-directories';

export interface VerifyWish {
  /** Of the `--reassignment-json-file`. */
  readonly text: string;
  readonly preserveThrottles: boolean;
  readonly isJson: boolean;
}

/** One partition of the file: where it is now, and whether it still moves. */
interface AssignmentState extends Assignment {
  readonly target: readonly number[];
  readonly isMoving: boolean;
}

const isCompleted = ({ isMoving, replicas, target }: AssignmentState): boolean =>
  !isMoving && replicas.join() === target.join();

const stateLine = (state: AssignmentState): string => {
  const name = partitionName(state);
  if (state.isMoving) return `Reassignment of partition ${name} is still in progress.`;
  if (isCompleted(state)) return `Reassignment of partition ${name} is completed.`;
  return (
    `There is no active reassignment of partition ${name}, but replica set is ${state.replicas.join(',')} rather than ` +
    `${state.target.join(',')}.`
  );
};

/** Says how far a reassignment has come; where nothing moves any more, its throttles go. */
export const verifyAssignments = async (
  admin: Admin,
  terminal: Terminal,
  { text, preserveThrottles, isJson }: VerifyWish,
): Promise<void> => {
  const { assignments, placements } = parseAssignments(text);
  const tell = (lines: string): void => {
    if (!isJson) terminal.out(`${lines}\n`);
  };
  const underWay = (await admin.listPartitionReassignments()) ?? [];
  const moving = new Map(underWay.map((one) => [partitionName(one), one.replicas]));
  const states = await assignmentStates(admin, assignments, moving);
  tell(['Status of partition reassignment:', ...states.map(stateLine)].join('\n'));
  const moves = await directoryMoves(admin, placements);
  tell(moves.map(directoryMoveLine).join('\n'));
  const isOver = underWay.length === 0 && moves.every(({ kind }) => kind !== 'active');
  if (isOver && !preserveThrottles) await clearThrottles(admin, assignments, tell);
  if (!isJson) return;
  const partitions = states.map((state) => ({
    ...{ topic: state.topic, partition: state.partition, replicas: state.replicas, target: state.target },
    state: state.isMoving ? 'in-progress' : isCompleted(state) ? 'completed' : 'inactive',
  }));
  const replicas = moves.map(({ topic, partition, broker, path, kind }) => ({
    ...{ topic, partition, broker, logDir: path },
    state: kind === 'active' ? 'in-progress' : kind,
  }));
  terminal.out(`${JSON.stringify({ partitions, replicas, active: !isOver })}\n`);
};

/** In order of name; a partition twice in the file counts as it stands there last. */
const assignmentStates = async (
  admin: Admin,
  assignments: readonly Assignment[],
  moving: ReadonlyMap<string, readonly number[]>,
): Promise<readonly AssignmentState[]> => {
  const targets = new Map(assignments.map((one) => [partitionName(one), one]));
  const resting = [...targets.values()].filter((one) => !moving.has(partitionName(one)));
  const known = new Map<string, readonly number[]>();
  for (const outcome of await admin.describeTopics([...new Set(resting.map(({ topic }) => topic))])) {
    if (outcome.kind === 'failed') {
      // What does not exist is nowhere.
      if (outcome.error.code === 'UNKNOWN_TOPIC_OR_PARTITION') continue;
      throw outcome.error;
    }
    const { name: topic, partitions } = outcome.value;
    for (const { partition, replicas } of partitions)
      known.set(partitionName({ topic, partition }), replicas);
  }
  return [...targets.values()].sort(byPartition).map(({ topic, partition, replicas: target }) => {
    const name = partitionName({ topic, partition });
    const replicas = moving.get(name) ?? known.get(name) ?? [];
    return { topic, partition, target, replicas, isMoving: moving.has(name) };
  });
};

/**
 * Takes away all throttles of all brokers and of the file's topics: nobody knows any more which brokers had a part in
 * the move.
 */
export const clearThrottles = async (
  admin: Admin,
  assignments: readonly Assignment[],
  tell: (line: string) => void,
): Promise<void> => {
  const { nodes } = await admin.describeCluster();
  const ids = [...nodes.map(({ id }) => Number(id)), ...assignments.flatMap(({ replicas }) => replicas)];
  const brokers = [...new Set(ids)].sort((a, b) => a - b);
  tell(`Clearing broker-level throttles on broker${plural(brokers)} ${brokers.join(',')}`);
  const rates = {
    [THROTTLES.leaderRate]: null,
    [THROTTLES.followerRate]: null,
    [THROTTLES.directoryRate]: null,
  };
  await alterThrottles(
    admin,
    'broker',
    brokers.map((id) => ({ name: String(id), configs: rates })),
  );
  const topics = [...new Set(assignments.map(({ topic }) => topic))].sort();
  tell(`Clearing topic-level throttles on topic${plural(topics)} ${topics.join(',')}`);
  const replicas = { [THROTTLES.leaderReplicas]: null, [THROTTLES.followerReplicas]: null };
  await alterThrottles(
    admin,
    'topic',
    topics.map((name) => ({ name, configs: replicas })),
  );
};

const plural = (items: readonly unknown[]): string => (items.length === 1 ? '' : 's');
