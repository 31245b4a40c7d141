import { SeededRandom } from '@kafkaesque/kernel';
import { Scheduler, SimulatedDisk, VirtualClock } from '@kafkaesque/sim';
import { MovingBroker, PARTITION, TOPIC, assignedTo } from './moving-scenario';

describe('a partition that comes back to a broker', () => {
  it('begins anew behind the deletion of what was there, though that is still under way', async () => {
    const scheduler = new Scheduler();
    const random = new SeededRandom(1, 'replicas');
    const disk = new SimulatedDisk({ random: random.fork('disk'), scheduler });
    const newClock = (): VirtualClock => new VirtualClock({ scheduler });
    const broker = new MovingBroker({ scheduler, disk, random, newClock });
    await broker.settle(broker.start());
    const { log } = broker.replica;
    for (let i = 0; i < 20; i++) broker.produce();
    await broker.settle(log.flush());

    broker.change([assignedTo(2)]);
    broker.change([assignedTo(1)]);
    expect(broker.replicas?.find(TOPIC, PARTITION)).toBeUndefined();
    await broker.scheduler.run({ until: () => broker.replicas?.find(TOPIC, PARTITION) !== undefined });

    expect(broker.replica.log).not.toBe(log);
    expect([broker.replica.log.endOffset, broker.replica.machine.role.kind]).toEqual([0, 'leader']);
    broker.produce();
    expect(broker.replica.log.endOffset).toBe(1);
  });
});
