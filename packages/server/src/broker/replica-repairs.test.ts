import { Failure, Offset, silentLogger } from '@kafkaesque/kernel';
import { Scheduler, VirtualClock } from '@kafkaesque/sim';
import type { Replica } from './replica';
import { ReplicaRepairs } from './replica-repairs';

/** A replica whose log has no room until it is given some, and what was done to it, in order. */
const scene = () => {
  const scheduler = new Scheduler();
  const deeds: string[] = [];
  const disk = { hasRoom: true };
  const log = {
    ...{ logStartOffset: Offset(0), endOffset: Offset(53), epochs: [], isFull: false },
    failure: undefined as unknown,
    change: (deed: string): Promise<void> => {
      if (!disk.hasRoom || log.failure !== undefined)
        return Promise.reject(new Failure('ENOSPC', `${deed} has no room`));
      deeds.push(deed);
      return Promise.resolve();
    },
    truncateTo: (offset: Offset) => log.change(`cut at ${offset}`),
    resetTo: (offset: Offset) => log.change(`begun anew at ${offset}`),
    repair: () => {
      if (!disk.hasRoom) return Promise.reject(new Failure('ENOSPC', 'no room'));
      log.failure = undefined;
      return log.change('repaired');
    },
    latestProducerSnapshot: () => Promise.resolve(undefined),
    scanHeaders: () => Promise.resolve(),
  };
  const machine = { role: { kind: 'follower' }, recover: () => void deeds.push('rules start over') };
  const replica = { topic: 'orders', partition: 0, log, machine, isLoading: false } as unknown as Replica;
  const repairs = new ReplicaRepairs(new VirtualClock({ scheduler }), silentLogger, {
    isHere: () => true,
    takeRole: () => void deeds.push(replica.isLoading ? 'role too early' : 'follows'),
    repaired: (_, leaderEpoch) => void deeds.push(`asks to lead after ${leaderEpoch}`),
    moveSettled: () => undefined,
  });
  const pass = (ms: number): Promise<void> =>
    scheduler.settle(new Promise((resolve) => void scheduler.after(ms, 'test', () => resolve())));
  return { repairs, replica, log, machine, disk, deeds, pass };
};

describe('repairs of a replica', () => {
  test('happen before it has a role again', async () => {
    const { repairs, replica, deeds, pass } = scene();
    repairs.truncate(replica, Offset(51));
    expect(replica.isLoading).toBe(true);
    await pass(1);
    expect(deeds).toEqual(['cut at 51', 'rules start over', 'follows']);
  });

  test('are one at a time: no truncation that waited for room comes behind a repair', async () => {
    const { repairs, replica, log, disk, deeds, pass } = scene();
    disk.hasRoom = false;
    repairs.truncate(replica, Offset(51));
    await pass(10);
    log.failure = new Failure('ENOSPC', 'an append');
    repairs.repairFollower(replica);
    await pass(5_000);
    expect(replica.isLoading).toBe(true);
    disk.hasRoom = true;
    await pass(60_000);
    expect(deeds).toEqual(['repaired', 'cut at 51', 'rules start over', 'follows']);
  });

  test('are replaced by what is decided later', async () => {
    const { repairs, replica, disk, deeds, pass } = scene();
    disk.hasRoom = false;
    repairs.truncate(replica, Offset(51));
    await pass(10);
    repairs.reset(replica, Offset(7), () => void deeds.push('told'));
    disk.hasRoom = true;
    await pass(60_000);
    expect(deeds).toEqual(['begun anew at 7', 'rules start over', 'follows', 'told']);
  });

  test('let a leader ask for another epoch', async () => {
    const { repairs, replica, log, deeds, pass } = scene();
    log.failure = new Failure('EIO', 'an append');
    repairs.repairLeader(replica, 4 as never);
    await pass(1);
    expect(deeds).toEqual(['repaired', 'repaired', 'rules start over', 'asks to lead after 4']);
  });

  test('are given up when its directory fails', async () => {
    const { repairs, replica, machine, disk, deeds, pass } = scene();
    disk.hasRoom = false;
    repairs.truncate(replica, Offset(51));
    await pass(10);
    machine.role.kind = 'offline';
    disk.hasRoom = true;
    await pass(60_000);
    expect(deeds).toEqual([]);
  });
});
