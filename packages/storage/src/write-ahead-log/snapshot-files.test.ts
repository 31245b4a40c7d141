import { SeededRandom, silentLogger } from '@kafkaesque/kernel';
import { casesOf } from '@kafkaesque/kernel/conformance';
import { SimulatedDisk } from '@kafkaesque/sim';
import { logBeginning } from './records';
import type { SnapshotDraft, SnapshotPlace } from './snapshot-files';
import { listSnapshots, loadSnapshot, writeSnapshot } from './snapshot-files';

const directory = '/metadata';

const world = (seed = 1): { readonly machine: SimulatedDisk; readonly place: () => SnapshotPlace } => {
  const machine = new SimulatedDisk({ random: new SeededRandom(seed), directories: [directory] });
  return { machine, place: () => ({ disk: machine.mount(), directory, clusterId: 'ours' }) };
};

const draft = (index: number, ...texts: readonly string[]): SnapshotDraft => ({
  index,
  term: 2,
  voters: Buffer.from('voters'),
  chunks: texts.map((text) => Buffer.from(text)),
});

const load = async (
  place: SnapshotPlace,
  start = logBeginning,
  lastIndex = start.index,
): Promise<string | undefined> => {
  const snapshot = await loadSnapshot(place, { start, lastIndex }, silentLogger);
  return snapshot === undefined ? undefined : `${snapshot.index}: ${snapshot.chunks.join(' ')}`;
};

describe('a snapshot', () => {
  test('gives back its chunks, its place and its voters', async () => {
    const { machine, place } = world();
    await writeSnapshot(place(), draft(40, 'one', '', 'three'));
    machine.crash('power');
    const snapshot = await loadSnapshot(
      place(),
      { start: { index: 40, term: 2 }, lastIndex: 40 },
      silentLogger,
    );
    expect(snapshot).toMatchObject({ index: 40, term: 2 });
    expect(snapshot?.chunks.map(String)).toEqual(['one', '', 'three']);
    expect(snapshot?.voters.toString()).toBe('voters');
    expect(machine.files().map(({ path }) => path)).toEqual([
      '/metadata/00000000000000000040-0000000002.checkpoint',
    ]);
  });

  test('of the latest place is loaded, and one before it is kept', async () => {
    const { place } = world();
    for (const index of [10, 20, 30, 40]) await writeSnapshot(place(), draft(index, `state at ${index}`));
    await expect(load(place())).resolves.toBe('40: state at 40');
    expect((await listSnapshots(place())).map(({ index }) => index)).toEqual([30, 40]);
  });

  test('that is damaged is passed over for an older one, as long as the log continues that', async () => {
    const { machine, place } = world();
    await writeSnapshot(place(), draft(10, 'older'));
    await writeSnapshot(place(), draft(20, 'newer'));
    machine.flip(machine.files().at(-1)!.path, 60);
    await expect(load(place(), { index: 5, term: 1 })).resolves.toBe('10: older');
    await expect(load(place(), { index: 20, term: 2 })).rejects.toMatchObject({ code: 'CORRUPT_SNAPSHOT' });
  });

  test('may be absent only when the log goes back to the beginning', async () => {
    const { place } = world();
    await expect(load(place())).resolves.toBeUndefined();
    await expect(load(place(), { index: 3, term: 1 })).rejects.toMatchObject({ code: 'CORRUPT_SNAPSHOT' });
  });

  test('that a directory was formatted with is needed until the log has something', async () => {
    const { machine, place } = world();
    await writeSnapshot(place(), draft(0, 'features'));
    await expect(load(place())).resolves.toBe('0: features');
    machine.flip(machine.files()[0]!.path, 60);
    await expect(load(place())).rejects.toMatchObject({ code: 'CORRUPT_SNAPSHOT' });
    await expect(load(place(), logBeginning, 1)).resolves.toBeUndefined();
  });

  test('of another cluster is refused', async () => {
    const { place } = world();
    await writeSnapshot(place(), draft(10, 'state'));
    await expect(load({ ...place(), clusterId: 'theirs' })).rejects.toMatchObject({
      code: 'INCONSISTENT_CLUSTER_ID',
    });
  });

  test('that fails to be written leaves nothing behind, and can be written later', async () => {
    const { machine, place } = world();
    machine.faults = { ...machine.faults, writeError: 1 };
    await expect(writeSnapshot(place(), draft(10, 'state'))).rejects.toMatchObject({ code: 'EIO' });
    machine.faults = { ...machine.faults, writeError: 0 };
    expect(machine.files()).toEqual([]);
    await writeSnapshot(place(), draft(10, 'state'));
    await expect(load(place())).resolves.toBe('10: state');
  });

  test('never loads with a flipped bit, wherever it is', async () => {
    const { machine, place } = world();
    await writeSnapshot(place(), draft(10, 'some of the state', 'the rest of it'));
    const image = machine.snapshot();
    const { path, sizeBytes } = machine.files()[0]!;
    for (let position = 0; position < sizeBytes; position++) {
      machine.restore(image);
      machine.flip(path, position);
      await expect(load(place(), { index: 10, term: 2 })).rejects.toMatchObject({ code: 'CORRUPT_SNAPSHOT' });
    }
  });

  test('is there wholly or not at all after a crash at any operation', async () => {
    let found = 0;
    for (let seed = 1; seed <= casesOf(100, 300); seed++) {
      const { machine, place } = world(seed);
      await writeSnapshot(place(), draft(10, 'before'));
      const progress = { written: false };
      const crashAfter = seed % 25;
      const writing = writeSnapshot(place(), draft(20, 'after', 'x'.repeat(9000))).then(
        () => (progress.written = true),
        () => undefined,
      );
      for (let i = 0; i < crashAfter * 2; i++) await Promise.resolve();
      machine.crash(seed % 2 === 0 ? 'power' : 'kill');
      void writing;
      machine.crash('power');
      const loaded = await load(place(), { index: 10, term: 2 });
      if (progress.written) expect(`SEED=${seed} ${loaded}`).toMatch(/20: after/);
      else expect(`SEED=${seed} ${loaded}`).toMatch(/10: before|20: after/);
      found += loaded?.startsWith('20') === true ? 1 : 0;
    }
    expect(found).toBeGreaterThan(0);
    expect(found).toBeLessThan(300);
  });
});
