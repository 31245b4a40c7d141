import type { Clock } from '@kafkaesque/kernel';
import type { Admin } from '@kafkaesque/client';
import type { Terminal } from '../command-line/terminal';
import { byPartition, parseAssignments, partitionName } from './assignment-file';
import { alterAssignments, moveDirectories } from './execute-assignments';
import { directoryMoves } from './replica-directories';
import { clearThrottles } from './verify-assignments';

export interface CancelWish {
  /** Of the `--reassignment-json-file`. */
  readonly text: string;
  readonly preserveThrottles: boolean;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** Brings the file's partitions back to where they were, and its replicas into the directories that they were in. */
export const cancelAssignments = async (
  admin: Admin,
  terminal: Terminal,
  wish: CancelWish,
): Promise<void> => {
  const { assignments, placements } = parseAssignments(wish.text);
  const partitions = [...new Map(assignments.map((one) => [partitionName(one), one])).values()];
  const underWay = (await admin.listPartitionReassignments({ partitions })) ?? [];
  // One that only takes a new order of its replicas has nothing to go back to, and is over at once.
  const active = underWay
    .filter((one) => one.addingReplicas.length > 0 || one.removingReplicas.length > 0)
    .sort(byPartition);
  if (active.length === 0) terminal.out('None of the specified partition reassignments are active.\n');
  else {
    await alterAssignments(
      admin,
      active.map(({ topic, partition }) => ({ topic, partition, replicas: undefined })),
      {
        failing: (count) => `Error cancelling partition reassignment${count === 1 ? '' : 's'} for:`,
      },
    );
    const plural = active.length === 1 ? '' : 's';
    const names = active.map(partitionName).join(',');
    terminal.out(`Successfully cancelled partition reassignment${plural} for: ${names}\n`);
  }
  const moves = await directoryMoves(admin, placements);
  const back = moves.flatMap((move) => (move.kind === 'active' ? [{ ...move, path: move.current }] : []));
  if (back.length === 0) terminal.out('None of the specified partition moves are active.\n');
  else await moveDirectories(admin, terminal, back, wish);
  if (!wish.preserveThrottles) await clearThrottles(admin, assignments, (line) => terminal.out(`${line}\n`));
};
