import { Scheduler, VirtualClock } from '@kafkaesque/sim';
import { Ticking } from './ticking';

const scene = () => {
  const scheduler = new Scheduler();
  const ticks: number[] = [];
  const clock = new VirtualClock({ scheduler });
  const ticking = new Ticking(clock, 100, () => ticks.push(clock.monotonicMs()));
  const pass = (ms: number) => scheduler.run({ untilMs: scheduler.nowMs + ms });
  return { ticks, ticking, pass };
};

test('it ticks every so often, and anew from when it was called', async () => {
  const { ticks, ticking, pass } = scene();
  await pass(250);
  ticking.soon();
  await pass(120);
  expect(ticks).toEqual([100, 200, 250, 350]);
});

test('nothing is left to wait for once it is closed, whoever calls it then', async () => {
  const { ticks, ticking, pass } = scene();
  ticking.close();
  ticking.soon();
  await pass(1000);
  expect(ticks).toEqual([]);
});
