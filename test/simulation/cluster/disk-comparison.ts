import { compareReplicas, inspectLogDirectory } from '@kafkaesque/storage';
import type { ComparedReplica, InspectedDirectory } from '@kafkaesque/storage';
import { Violation } from '../runner/suite';
import type { Cluster } from './cluster';
import type { ClusterOracle } from './oracle/cluster-oracle';

/**
 * Ends all processes, half of the time by a loss of power, and compares what the disks hold: byte by byte, as the next start
 * would find it. Throws what is wrong.
 */
export const compareDisks = async (cluster: Cluster, oracle: ClusterOracle): Promise<void> => {
  const { scheduler, random } = cluster;
  const members = cluster.members.filter(({ roles }) => roles.includes('broker'));
  const death = random.below(2) === 0 ? 'kill' : 'power';
  for (const member of cluster.members) cluster.kill(member, death, false);
  const replicas = new Map<string, ComparedReplica[]>();
  for (const { nodeId, machine, path, hasStartedWithout } of members.flatMap(({ directories, ...member }) =>
    directories.map((directory) => ({ ...member, path: directory })),
  )) {
    const { logs, directoryId } = await scheduler.settle<InspectedDirectory>(
      inspectLogDirectory({
        ...{ disk: machine.disk.mount(), path },
        lock: () => Promise.resolve(() => Promise.resolve()),
      }),
    );
    for (const log of logs) {
      const damage = log.findings.find(({ kind }) => kind === 'corrupt' || kind === 'suspect');
      if (damage !== undefined)
        throw new Violation(
          'replicas are whole',
          `node ${nodeId}, partition ${log.partition}: ${damage.message}`,
        );
      const key = oracle.nameOf(log.topicId, log.partition);
      // What was given up while it was away cannot be told from what came to be elsewhere meanwhile: it is left aside.
      const assigned = oracle.directoryOf(key, nodeId);
      if (hasStartedWithout && assigned !== undefined && assigned !== directoryId) continue;
      const known = replicas.get(key) ?? [];
      known.push({ nodeId, log });
      replicas.set(key, known);
    }
  }
  for (const [name, assigned] of oracle.assignments())
    await compare(cluster, name, assigned, replicas.get(name) ?? []);
  for (const name of replicas.keys())
    if (!oracle.assignments().has(name))
      throw new Violation('what was deleted is gone', `${name} still has logs`);
};

const compare = async (
  { scheduler }: Cluster,
  name: string,
  assigned: readonly number[],
  compared: readonly ComparedReplica[],
): Promise<void> => {
  const ends = compared.map(({ nodeId, log }) => `node ${nodeId} from ${log.logStart} to ${log.endOffset}`);
  const { differences } = await scheduler.settle(compareReplicas(compared));
  const [first] = differences;
  if (first !== undefined) throw new Violation('replicas are alike', `${name}: ${first.message}`);
  if (new Set(compared.map(({ nodeId }) => nodeId)).size < compared.length)
    throw new Violation('a log lies in one directory', `${name}: ${ends.join(', ')}`);
  const left = compared.filter(({ nodeId }) => !assigned.includes(nodeId));
  if (left.length > 0)
    throw new Violation(
      'what was deleted is gone',
      `${name} is assigned to ${assigned.join(' ')}: ${ends.join(', ')}`,
    );
  // A log that never held anything need not be on the disk: whoever is to hold it makes it anew.
  const endOf = (nodeId: number): number => compared.find((one) => one.nodeId === nodeId)?.log.endOffset ?? 0;
  if (new Set(assigned.map(endOf)).size > 1)
    throw new Violation(
      'replicas are alike',
      `${name} is assigned to ${assigned.join(' ')}: ${ends.join(', ')}`,
    );
};
