import { casesOf } from '@kafkaesque/kernel/conformance';
import { Scheduler, VirtualClock } from '@kafkaesque/sim';
import { ScenarioCluster } from './scenario-cluster';

const SEEDS = casesOf(3, 10);
const FIRST_SEED = Number(process.env['SEED'] ?? 1);

/** Half a minute of trouble, and some seconds of peace. */
const live = async (cluster: ScenarioCluster): Promise<void> => {
  const { scheduler, brokers } = cluster;
  let value = 0;
  for (let step = 0; step < 400; step++) {
    const broker = brokers[cluster.below(3)];
    const chance = cluster.below(100);
    if (broker === undefined) continue;
    if (chance < 2 && broker.isUp) broker.crash();
    else if (chance < 30 && !broker.isUp) broker.start();
    else if (chance < 6) cluster.breakChannel();
    else if (chance < 9) cluster.moveLeader();
    else if (chance < 12) tick(cluster);
    else for (const one of brokers) if (one.isUp) one.produce(String(value++).padStart(11, '.'));
    await scheduler.run({ untilMs: scheduler.nowMs + cluster.below(40) });
  }
  for (const broker of brokers) if (!broker.isUp) broker.start();
  for (let i = 0; i < 10; i++) {
    await scheduler.run({ untilMs: scheduler.nowMs + 1000 });
    tick(cluster);
  }
};

const tick = ({ brokers, scheduler }: ScenarioCluster): void => {
  for (const one of brokers) if (one.isUp) one.carryOut(one.replica.machine.tick(scheduler.nowMs));
};

test.each(Array.from({ length: SEEDS }, (_, i) => FIRST_SEED + i))(
  'through crashes, elections and broken channels nothing is lost that was shown: seed %i',
  async (seed) => {
    const scheduler = new Scheduler();
    const cluster = new ScenarioCluster({ scheduler, clock: new VirtualClock({ scheduler }) }, seed);
    await live(cluster);
    const logs = cluster.brokers.map(({ durable }) => durable.bytes.map((bytes) => bytes.toString('latin1')));
    expect(logs[1]).toEqual(logs[0]);
    expect(logs[2]).toEqual(logs[0]);
    for (const [offset, value] of cluster.exposedValues)
      expect(logs[0]?.[offset]?.slice(-value.length)).toBe(value);
    expect(cluster.exposedValues.size).toBeGreaterThan(20);
    expect(cluster.exposedValues.size).toBe(logs[0]?.length);
  },
);
