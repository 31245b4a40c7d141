import { ErrorCode } from '@kafkaesque/protocol';
import { CoordinatorScene } from './coordinator-scenario';

const loaded = async (
  options?: ConstructorParameters<typeof CoordinatorScene>[0],
): Promise<CoordinatorScene> => {
  const scene = new CoordinatorScene(options);
  scene.lead();
  await scene.clock.pass(0);
  return scene;
};

const add = (by: number) => ({ kind: 'add', by }) as const;

test('a partition that is not led here has no coordinator', async () => {
  const scene = new CoordinatorScene();
  expect(await scene.host.ask(0, add(1))).toBe(`error ${ErrorCode.NOT_COORDINATOR}`);
});

test('what is asked is answered once it is durable on all in sync', async () => {
  const scene = await loaded();
  expect(await scene.answered(add(2))).toBe(2);
  expect(await scene.answered(add(3))).toBe(5);
  expect(scene.batches).toHaveLength(2);
});

test('many questions of one turn are one batch', async () => {
  const scene = await loaded();
  const answers = [1, 2, 3, 4].map((by) => scene.host.ask(0, add(by)));
  await scene.clock.pass(0);
  expect(scene.batches).toHaveLength(1);
  scene.durable();
  expect(await Promise.all(answers)).toEqual([1, 3, 6, 10]);
});

test('while it loads that is what it says, and then it knows everything, read in small pieces too', async () => {
  const scene = await loaded({ loadBufferBytes: 200 });
  for (let by = 1; by <= 10; by += 1) await scene.answered(add(by));
  scene.follow();
  expect(await scene.host.ask(0, add(1))).toBe(`error ${ErrorCode.NOT_COORDINATOR}`);
  scene.lead();
  expect(await scene.host.ask(0, add(1))).toBe(`error ${ErrorCode.COORDINATOR_LOAD_IN_PROGRESS}`);
  await scene.clock.pass(0);
  expect(await scene.answered(add(0))).toBe(55);
  expect(scene.loads).toHaveLength(2);
});

test('whoever waits when the leadership goes is told at once', async () => {
  const scene = await loaded();
  const asked = scene.host.ask(0, add(1));
  await scene.clock.pass(0);
  scene.follow();
  expect(await asked).toBe(`error ${ErrorCode.NOT_COORDINATOR}`);
  expect(scene.host.countOf('active')).toBe(0);
});

test('another leader epoch of the same leader costs nothing', async () => {
  const scene = await loaded();
  const asked = scene.host.ask(0, add(1));
  await scene.clock.pass(0);
  scene.lead();
  expect(await scene.answered(add(1))).toBe(2);
  expect(await asked).toBe(1);
  expect(scene.loads).toHaveLength(1);
});

test('a log that takes nothing any more ends the life of its coordinator, and the next epoch begins another', async () => {
  const scene = await loaded();
  await scene.answered(add(7));
  scene.appendFails = true;
  expect(await scene.answered(add(1))).toBe(`error ${ErrorCode.NOT_COORDINATOR}`);
  scene.appendFails = false;
  scene.recover();
  scene.lead();
  await scene.clock.pass(0);
  expect(await scene.answered(add(0))).toBe(7);
});

test.each(['OFFSET_OUT_OF_RANGE', 'EIO'])('a load that fails with %s is tried again', async (code) => {
  const scene = await loaded();
  await scene.answered(add(7));
  scene.follow();
  scene.readsFailWith = [code];
  scene.lead();
  await scene.clock.pass(0);
  expect(await scene.host.ask(0, add(1))).toBe(`error ${ErrorCode.COORDINATOR_LOAD_IN_PROGRESS}`);
  await scene.clock.pass(500);
  expect(await scene.answered(add(0))).toBe(7);
});

test('a log that gives less than it has is not taken for loaded', async () => {
  const scene = await loaded();
  await scene.answered(add(7));
  scene.follow();
  scene.emptyReads = 1;
  scene.lead();
  await scene.clock.pass(0);
  expect(await scene.host.ask(0, add(0))).toBe(`error ${ErrorCode.COORDINATOR_LOAD_IN_PROGRESS}`);
  await scene.clock.pass(500);
  expect(await scene.answered(add(0))).toBe(7);
});

test('a load that fails again and again is tried less and less often', async () => {
  const scene = await loaded();
  await scene.answered(add(7));
  scene.follow();
  scene.readsFailWith = Array.from({ length: 20 }, () => 'EIO');
  scene.lead();
  await scene.clock.pass(0);
  const tried: number[] = [];
  for (const ms of [500, 500, 500, 1000, 1000, 1000]) {
    const before = scene.readsFailWith.length;
    await scene.clock.pass(ms);
    tried.push(before - scene.readsFailWith.length);
  }
  expect(tried).toEqual([1, 0, 1, 0, 1, 0]);
});

test('timers go by the clock, and end with the life that set them', async () => {
  const scene = await loaded();
  await scene.answered({ kind: 'add-at', atMs: 1000 });
  await scene.clock.pass(999);
  expect(await scene.answered(add(0))).toBe(0);
  await scene.clock.pass(1);
  expect(await scene.answered(add(0))).toBe(1000);
  await scene.answered({ kind: 'add-at', atMs: 2000 });
  scene.follow();
  scene.lead();
  await scene.clock.pass(5000);
  expect(await scene.answered(add(0))).toBe(1000);
});

test('who stood still hears first what happened meanwhile, and then gives up what has waited too long', async () => {
  const scene = await loaded();
  const first = scene.host.ask(0, add(1));
  await scene.clock.pass(0);
  await scene.clock.pass(60_000);
  scene.durable();
  expect(await first).toBe(1);
  await scene.clock.pass(100);
  const second = scene.host.ask(0, add(1));
  await scene.clock.pass(0);
  await scene.clock.pass(60_000);
  await scene.clock.pass(100);
  expect(await second).toBe(`error ${ErrorCode.COORDINATOR_NOT_AVAILABLE}`);
});

test('a timer is not late because nothing was looked at for long before it was set', async () => {
  const scene = await loaded();
  // An odd time, so that the timer stands behind others' times that are over.
  for (const silenceMs of [1037, 7011, 70_013]) {
    for (let ms = 0; ms < silenceMs; ms += 50) await scene.clock.pass(50);
    await scene.clock.pass(silenceMs % 50);
    const before = await scene.answered(add(0));
    await scene.answered({ kind: 'add-at', atMs: scene.clock.monotonicMs() + 10 });
    for (let ms = 0; ms < 11; ms += 1) await scene.clock.pass(1);
    expect(await scene.answered(add(0))).toBe(Number(before) + 1000);
  }
});

test('changed metadata reach the machines that are active', async () => {
  const scene = await loaded();
  scene.host.metadataChanged();
  expect(await scene.answered(add(0))).toBe(100);
});

test('who is closed coordinates nothing any more, whatever happens then', async () => {
  const scene = await loaded();
  const asked = scene.host.ask(0, add(1));
  scene.host.close();
  expect(await asked).toBe(`error ${ErrorCode.NOT_COORDINATOR}`);
  scene.follow();
  scene.lead();
  await scene.clock.pass(10_000);
  expect(scene.host.countOf('active')).toBe(0);
  expect(scene.batches).toEqual([]);
});
