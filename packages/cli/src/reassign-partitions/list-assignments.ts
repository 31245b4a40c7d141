import type { Admin } from '@kafkaesque/client';
import type { Terminal } from '../command-line/terminal';
import { byPartition, partitionName } from './assignment-file';

/** Prints all partitions that move. */
export const listAssignments = async (admin: Admin, terminal: Terminal, isJson: boolean): Promise<void> => {
  const underWay = [...((await admin.listPartitionReassignments()) ?? [])].sort(byPartition);
  if (isJson) {
    terminal.out(`${JSON.stringify({ reassignments: underWay })}\n`);
    return;
  }
  if (underWay.length === 0) {
    terminal.out('No partition reassignments found.\n');
    return;
  }
  const lines = underWay.map((one) => {
    const adding = one.addingReplicas.length === 0 ? '' : ` adding: ${one.addingReplicas.join(',')}.`;
    const removing = one.removingReplicas.length === 0 ? '' : ` removing: ${one.removingReplicas.join(',')}.`;
    return `${partitionName(one)}: replicas: ${one.replicas.join(',')}.${adding}${removing}`;
  });
  terminal.out(`Current partition reassignments:\n${lines.join('\n')}\n`);
};
