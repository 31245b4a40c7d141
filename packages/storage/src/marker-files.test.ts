import { BrokerEpoch, SeededRandom } from '@kafkaesque/kernel';
import { Scheduler, SimulatedDisk, VirtualClock } from '@kafkaesque/sim';
import type { LogDirectory } from './log-directory';
import { BROKER_EPOCH_FILE, NO_BROKER_EPOCH, readMarker, writeMarker } from './marker-files';
import type { RecordedEpoch } from './marker-files';
import { PATH, openTestDirectory } from './testing/test-directory';

const ELSEWHERE = 'BBBBBBBBBBBBBBBBBBBBBA';
const NOTHING: RecordedEpoch = { brokerEpoch: NO_BROKER_EPOCH, members: undefined };
const FILE = `${PATH}/${BROKER_EPOCH_FILE}`;

const scene = () => {
  const disk = new SimulatedDisk({ random: new SeededRandom(1, 'disk') });
  const clock = new VirtualClock({ scheduler: new Scheduler() });
  return { disk, open: (): Promise<LogDirectory> => openTestDirectory(disk.mount(), clock) };
};

const epochOf = ({ directoryId }: LogDirectory): RecordedEpoch => ({
  brokerEpoch: BrokerEpoch(7),
  members: [
    { directoryId, brokerEpoch: BrokerEpoch(7) },
    { directoryId: ELSEWHERE, brokerEpoch: BrokerEpoch(3) },
  ],
});

test('an epoch is recorded with the directories of its time, and outlives a loss of power', async () => {
  const { disk, open } = scene();
  const first = await open();
  expect(first.recorded).toEqual(NOTHING);
  await first.record(epochOf(first));
  disk.crash('power');
  expect((await open()).recorded).toEqual(epochOf(first));
});

test('one of a time when nothing was said of others is read', async () => {
  const { disk, open } = scene();
  const { directoryId } = await open();
  const plain = { brokerEpoch: BrokerEpoch(5), members: undefined };
  await writeMarker(disk.mount(), PATH, BROKER_EPOCH_FILE, directoryId, plain);
  disk.crash('kill');
  expect((await open()).recorded).toEqual(plain);
});

test('nothing is concluded from one that is damaged, cut, or another directory’s', async () => {
  const { disk, open } = scene();
  const first = await open();
  await first.record(epochOf(first));
  const { directoryId } = first;
  const mount = disk.mount();
  expect(await readMarker(mount, PATH, BROKER_EPOCH_FILE, ELSEWHERE)).toEqual(NOTHING);
  const file = await mount.open(FILE, 'read');
  const sizeBytes = await file.sizeBytes();
  await file.close();
  for (let at = 0; at < sizeBytes; at++) {
    disk.flip(FILE, at, 1);
    expect(await readMarker(mount, PATH, BROKER_EPOCH_FILE, directoryId)).toEqual(NOTHING);
    disk.flip(FILE, at, 1);
  }
  expect(await readMarker(mount, PATH, BROKER_EPOCH_FILE, directoryId)).toEqual(epochOf(first));
});

test('a disk that refuses it is offline', async () => {
  const { disk, open } = scene();
  const directory = await open();
  disk.faults = { ...disk.faults, writeError: 1 };
  await expect(directory.record(epochOf(directory))).rejects.toMatchObject({ code: 'EIO' });
  expect(directory.offlineReason).toMatchObject({ code: 'EIO' });
});
