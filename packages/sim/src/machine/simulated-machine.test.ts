import { SeededRandom } from '@kafkaesque/kernel';
import { noNetworkFaults } from '../network/faults';
import { SimulatedNetwork } from '../network/simulated-network';
import { Scheduler } from '../scheduler';
import { SimulatedMachine } from './simulated-machine';
import type { Death } from './simulated-machine';

const PORT = 9093;

const worldOf = (
  seed = 1,
  died: (kind: Death) => void = () => undefined,
): {
  readonly scheduler: Scheduler;
  readonly network: SimulatedNetwork;
  readonly machine: SimulatedMachine;
  readonly pass: (ms: number) => Promise<unknown>;
} => {
  const scheduler = new Scheduler();
  const random = new SeededRandom(seed);
  const network = new SimulatedNetwork({ random, scheduler, faults: noNetworkFaults });
  const machine = new SimulatedMachine({
    name: 'far',
    random,
    scheduler,
    network,
    directories: ['/data'],
    died,
  });
  const pass = (ms: number): Promise<unknown> => {
    let over = false;
    scheduler.after(ms, 'over', () => (over = true));
    return scheduler.run({ until: () => over });
  };
  return { scheduler, network, machine, pass };
};

describe('a simulated machine', () => {
  test('lets nothing happen to a paused process, and everything in order once it goes on', async () => {
    const { machine, network, pass } = worldOf();
    const { clock, disk, network: attachment } = machine.start();
    const seen: string[] = [];
    attachment.listen(PORT, (channel) => {
      channel.receive({
        message: (bytes) => seen.push(bytes.toString()),
        drained: () => undefined,
        ended: (end) => seen.push(end.kind),
      });
    });
    const dialled = network.attach('near').dial({ host: 'far', port: PORT });
    dialled.receive({ message: () => undefined, drained: () => undefined, ended: () => undefined });
    dialled.send(Buffer.from('first'));
    await pass(100);
    machine.pause();
    const startMs = clock.monotonicMs();
    void disk.open('/data/a', 'create').then(() => seen.push('created'));
    await pass(10);
    clock.wakeAt(startMs + 20, () => seen.push('woken'));
    const cancel = clock.wakeAt(startMs + 30, () => seen.push('cancelled'));
    await pass(50);
    dialled.send(Buffer.from('second'));
    await pass(50);
    dialled.close();
    await pass(10_000);
    expect(seen).toEqual(['first']);
    expect(machine.disk.files()).toEqual([{ path: '/data/a', sizeBytes: 0 }]);
    expect(clock.monotonicMs()).toBeGreaterThan(startMs + 10_000);
    cancel();
    machine.resume();
    await pass(1);
    expect(seen).toEqual(['first', 'created', 'woken', 'second', 'closed']);
  });

  test('lets nothing of what piled up happen to a process that dies while it is paused', async () => {
    const { machine, pass } = worldOf();
    const { clock, life } = machine.start();
    const wake = jest.fn();
    clock.wakeAt(clock.monotonicMs() + 5, wake);
    machine.pause();
    await pass(100);
    machine.die('kill');
    machine.resume();
    machine.start();
    await pass(100);
    expect([wake.mock.calls.length, life.alive]).toEqual([0, false]);
  });

  test.each(['kill', 'power'] as const)(
    'dies of a call amid a step (%s), and what follows has no effect',
    async (kind) => {
      const died: Death[] = [];
      const { machine, scheduler, network, pass } = worldOf(1, (how) => died.push(how));
      const { disk, network: attachment, life } = machine.start();
      const received: string[] = [];
      network.attach('near').listen(PORT, (channel) => {
        channel.receive({
          message: (bytes) => received.push(bytes.toString()),
          drained: () => undefined,
          ended: () => undefined,
        });
      });
      const channel = attachment.dial({ host: 'near', port: PORT });
      channel.receive({ message: () => undefined, drained: () => undefined, ended: () => undefined });
      await pass(100);
      machine.dieAtCall(3, kind);
      const reached: string[] = [];
      scheduler.after(1, 'step', () =>
        life.pass(() => {
          channel.send(Buffer.from('first'));
          void disk.open('/data/a', 'create');
          reached.push('alive');
          expect(channel.send(Buffer.from('second'))).toBe(false);
          void disk.open('/data/b', 'create');
          channel.send(Buffer.from('third'));
          throw new Error('a dead process may fall over whatever it finds');
        }),
      );
      await pass(1000);
      expect(reached).toEqual(['alive']);
      expect(received.filter((message) => message !== 'first')).toEqual([]);
      expect(machine.disk.files().filter(({ path }) => path !== '/data/a')).toEqual([]);
      expect([died, machine.process, machine.counts.deathsAtCall]).toEqual([[kind], undefined, 1]);
    },
  );

  test('what a living process throws ends the run', async () => {
    const { machine, scheduler } = worldOf();
    const { life } = machine.start();
    scheduler.after(1, 'step', () =>
      life.pass(() => {
        throw new Error('broken');
      }),
    );
    await expect(scheduler.run()).rejects.toThrow('broken');
  });

  test('keeps its disk over deaths, and has an empty one after a wipe', async () => {
    const { machine, scheduler } = worldOf();
    const first = machine.start();
    await scheduler.settle(first.disk.makeDirectory('/data/topics'));
    machine.die('kill');
    expect(await scheduler.settle(machine.start().disk.list('/data'))).toHaveLength(1);
    machine.wipe();
    expect(await scheduler.settle(machine.start().disk.list('/data'))).toEqual([]);
    expect(machine.counts).toMatchObject({ starts: 3, kills: 2, wipes: 1 });
  });

  test('keeps monotonic time over a kill, begins it anew when power was lost, and never lets it go back', async () => {
    const { machine, pass } = worldOf();
    const before = machine.start().clock;
    await pass(1000);
    machine.die('kill');
    const after = machine.start().clock;
    expect(after.monotonicMs()).toBe(before.monotonicMs());
    machine.die('power');
    const anew = machine.start().clock;
    expect(anew.monotonicMs()).not.toBeCloseTo(1000, 0);
    const startMs = anew.monotonicMs();
    const woken: number[] = [];
    anew.wakeAt(startMs + 7.3, () => woken.push(anew.monotonicMs()));
    await pass(100);
    expect(woken[0]).toBeGreaterThanOrEqual(startMs + 7.3);
    expect(woken[0]).toBeLessThan(startMs + 7.4);
  });

  test('moves its wall time to and fro and comes back to where it was', async () => {
    const { machine, pass } = worldOf();
    const { clock } = machine.start();
    const startMs = clock.wallMs();
    machine.strobeWall(3_600_000, 10, 6);
    const seen = new Set<number>();
    for (let i = 0; i < 10; i++) {
      seen.add(Math.round((clock.wallMs() - startMs) / 3_600_000));
      await pass(10);
    }
    expect([...seen]).toEqual([1, 0]);
    expect(clock.wallMs()).toBe(startMs + 100);
    machine.die('kill');
    machine.jumpWall(-5000);
    expect(machine.start().clock.wallMs()).toBe(startMs - 4900);
  });
});
