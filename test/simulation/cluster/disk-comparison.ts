import { compareReplicas, inspectLogDirectory } from '@kafkaesque/storage';
import type { ComparedReplica, InspectedDirectory } from '@kafkaesque/storage';
import { Violation } from '../runner/suite';
import type { Cluster } from './cluster';
import { DATA } from './node';

/**
 * Ends all processes, half of the time by a loss of power, and compares what the disks hold: byte by byte, as the next start
 * would find it. Throws what is wrong.
 */
export const compareDisks = async (cluster: Cluster): Promise<void> => {
  const { members, scheduler, random } = cluster;
  const death = random.below(2) === 0 ? 'kill' : 'power';
  for (const member of members) cluster.kill(member, death, false);
  const replicas = new Map<string, ComparedReplica[]>();
  for (const { nodeId, machine } of members) {
    const { logs } = await scheduler.settle<InspectedDirectory>(
      inspectLogDirectory({
        ...{ disk: machine.disk.mount(), path: DATA },
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
      const key = `partition ${log.partition}`;
      const known = replicas.get(key) ?? [];
      known.push({ nodeId, log });
      replicas.set(key, known);
    }
  }
  for (const [name, compared] of replicas) {
    const ends = compared.map(({ nodeId, log }) => `node ${nodeId} from ${log.logStart} to ${log.endOffset}`);
    const { differences } = await scheduler.settle(compareReplicas(compared));
    const [first] = differences;
    if (first !== undefined) throw new Violation('replicas are alike', `${name}: ${first.message}`);
    if (compared.length !== members.length || new Set(compared.map(({ log }) => log.endOffset)).size > 1)
      throw new Violation('replicas are alike', `${name}: ${ends.join(', ')}`);
  }
};
