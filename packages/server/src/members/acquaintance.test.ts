import { Scheduler, VirtualClock } from '@kafkaesque/sim';
import type { Foreigner } from './acquaintance';
import { Acquaintance } from './acquaintance';

const stranger: Foreigner = { clusterId: 'theirs', address: 'a:9093' };

const started = () => {
  const scheduler = new Scheduler();
  const acquaintance = new Acquaintance(new VirtualClock({ scheduler }));
  const known: (Foreigner | undefined)[] = [];
  const begun = (): void => void acquaintance.made().then((foreigner) => known.push(foreigner));
  const pass = async (ms: number): Promise<typeof known> => {
    await scheduler.run({ untilMs: scheduler.nowMs + ms });
    return known;
  };
  return { acquaintance, begun, pass };
};

describe('a node that starts', () => {
  test('does not wait for members that are not there', async () => {
    const { begun, pass } = started();
    begun();
    expect(await pass(100)).toEqual([]);
    expect(await pass(200)).toEqual([undefined]);
  });

  test('goes on as soon as a member of its cluster is met, whoever else was', async () => {
    const { acquaintance, begun, pass } = started();
    begun();
    acquaintance.foreign(stranger);
    expect(await pass(1000)).toEqual([]);
    acquaintance.met();
    expect(await pass(0)).toEqual([undefined]);
    acquaintance.foreign(stranger);
    begun();
    expect(await pass(0)).toEqual([undefined, undefined]);
  });

  test('learns of strangers where its cluster should be, when nobody else is there', async () => {
    const { acquaintance, begun, pass } = started();
    acquaintance.foreign(stranger);
    begun();
    expect(await pass(2900)).toEqual([]);
    expect(await pass(200)).toEqual([stranger]);
  });

  test('is told nothing more when it closes', async () => {
    const { acquaintance, begun, pass } = started();
    begun();
    acquaintance.foreign(stranger);
    acquaintance.close();
    expect(await pass(5000)).toEqual([undefined]);
  });
});
