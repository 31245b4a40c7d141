import { rmSync, writeFileSync } from 'node:fs';
import { toldFileOf } from '@kafkaesque/storage';
import { until } from '../process-cluster';
import type { Scenario } from './scenario';

const FAILOVER_MS = 1800;
const RESIGNATION_MS = 2000;

const told = (): Readonly<Record<string, string>> => ({ FAULT_FS: 'told' });

const fullDisk: Scenario = {
  id: 'C13',
  what: 'the disk of a leader is full for a while',
  environment: told,
  round: async (stage) => {
    const leader = await stage.someLeader();
    const file = toldFileOf(leader.directory);
    const fullMs = 3000 + stage.random.below(3000);
    await stage.outage(
      `the disk of node ${leader.nodeId} was full for ${fullMs} ms`,
      async () => {
        writeFileSync(file, 'full');
        try {
          await stage.sleep(fullMs);
        } finally {
          rmSync(file, { force: true });
        }
      },
      // It gives up what it leads, or has room again.
      { boundMs: fullMs + RESIGNATION_MS + FAILOVER_MS },
    );
    await stage.allInSync();
  },
};

const slowDisk: Scenario = {
  id: 'C14',
  what: 'every fsync of one node takes from half a second to five seconds longer',
  environment: told,
  round: async (stage) => {
    const node = stage.pick(stage.cluster.brokers);
    const file = toldFileOf(node.directory);
    const slowMs = 500 + stage.random.below(4500);
    await stage.outage(
      `every fsync of node ${node.nodeId} took ${slowMs} ms longer`,
      async () => {
        writeFileSync(file, `slow ${slowMs}`);
        try {
          await stage.sleep(4 * slowMs);
          // Whatever it answers late, it says that it is alive.
          stage.lookForDeaths();
        } finally {
          rmSync(file, { force: true });
        }
      },
      { boundMs: 2 * slowMs + FAILOVER_MS },
    );
    await stage.allInSync();
  },
};

const failedSync: Scenario = {
  id: 'C15',
  what: 'an fsync of a leader fails once with EIO: the process ends, and what it has is looked at when it starts again',
  environment: told,
  round: async (stage) => {
    const leader = await stage.someLeader();
    await stage.outage(
      `an fsync of node ${leader.nodeId} failed`,
      async () => {
        writeFileSync(toldFileOf(leader.directory), 'fail-once');
        await until(
          `node ${leader.nodeId} does not end after an fsync that failed`,
          () => !stage.cluster.isUp(leader.nodeId) || undefined,
          () => stage.cluster.testimony(),
        );
        await stage.restart([leader]);
      },
      { boundMs: FAILOVER_MS },
    );
    await stage.allInSync();
  },
};

export const disks: readonly Scenario[] = [fullDisk, slowDisk, failedSync];
