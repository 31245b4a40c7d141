import { SeededRandom } from '@kafkaesque/kernel';
import { Scheduler, SimulatedDisk, VirtualClock } from '@kafkaesque/sim';
import type { LogDirectory } from './log-directory';
import type { MoveMark } from './move-marks';
import { OTHER_TOPIC, PATH, TOPIC, openTestDirectory, partition } from './testing/test-directory';

const ELSEWHERE = 'BBBBBBBBBBBBBBBBBBBBBA';
const future: MoveMark = { topicId: TOPIC, partition: partition(3), kind: 'future', directoryId: ELSEWHERE };
const moved: MoveMark = { ...future, topicId: OTHER_TOPIC, partition: partition(0), kind: 'moved' };
const FILE = `${PATH}/moves/${TOPIC}-3`;

const scene = () => {
  const disk = new SimulatedDisk({ random: new SeededRandom(1, 'disk') });
  const clock = new VirtualClock({ scheduler: new Scheduler() });
  return { disk, open: (): Promise<LogDirectory> => openTestDirectory(disk.mount(), clock) };
};

test('a mark that is set outlives a loss of power, and one that is cleared does not come back', async () => {
  const { disk, open } = scene();
  const first = await open();
  await first.moves.set({ ...future, kind: 'moved' });
  await first.moves.set(future);
  await first.moves.set(moved);
  disk.crash('power');
  const second = await open();
  expect([...second.moves].sort((a, b) => b.partition - a.partition)).toEqual([future, moved]);
  expect(second.moves.find(TOPIC, partition(3))).toEqual(future);
  await second.moves.clear(TOPIC, partition(3));
  await second.moves.clear(TOPIC, partition(3));
  disk.crash('power');
  expect([...(await open()).moves]).toEqual([moved]);
});

test('a damaged mark ends the start: which log is the replica cannot be guessed', async () => {
  for (const at of [0, 3, 7, 8, 23, 27, 28, 44, 48, 63, 64, 71]) {
    const { disk, open } = scene();
    await (await open()).moves.set(future);
    disk.crash('kill');
    disk.flip(FILE, at, 1);
    const code = at === 7 ? 'UNSUPPORTED_FORMAT' : 'DAMAGED_MOVE_MARK';
    await expect(open()).rejects.toMatchObject({ code, message: expect.stringContaining(FILE) as string });
  }
});

test('a mark that the disk refuses takes the directory offline', async () => {
  const { disk, open } = scene();
  const directory = await open();
  disk.faults = { ...disk.faults, writeError: 1 };
  await expect(directory.moves.set(future)).rejects.toMatchObject({ code: 'EIO' });
  expect([directory.offlineReason, [...directory.moves]]).toMatchObject([{ code: 'EIO' }, []]);
});
