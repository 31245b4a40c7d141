import { openClient } from '@kafkaesque/client';
import type { Disk, DiskFile } from '@kafkaesque/kernel';
import { Failure } from '@kafkaesque/kernel';
import { openNodeDisk } from '@kafkaesque/storage';
import { stageCluster } from './staged-cluster';

// Nodes start and stop many times, perhaps on a busy machine.
jest.setTimeout(60_000);

type Operation = 'write' | 'sync';
interface FailingDisk extends Disk {
  /** From now on these operations on files whose paths contain `within` fail so; undefined: none does. */
  fail(failure: { readonly on: Operation; readonly within: string; readonly code: string } | undefined): void;
  readonly failures: number;
}

/** The machine's disk, with operations that fail when they are told to. */
const openFailingDisk = (): FailingDisk => {
  const inner = openNodeDisk();
  let failing: Parameters<FailingDisk['fail']>[0];
  let failures = 0;
  const check = (on: Operation, path: string): void => {
    if (failing?.on !== on || !path.includes(failing.within)) return;
    failures += 1;
    throw new Failure(failing.code, `${failing.code}: ${on} ${path}`);
  };
  const wrapped = (file: DiskFile): DiskFile => ({
    path: file.path,
    read: (into, position) => file.read(into, position),
    readNow: (into, position) => file.readNow(into, position),
    async write(parts, position) {
      check('write', file.path);
      await file.write(parts, position);
    },
    truncate: (sizeBytes) => file.truncate(sizeBytes),
    async sync() {
      check('sync', file.path);
      await file.sync();
    },
    sizeBytes: () => file.sizeBytes(),
    close: () => file.close(),
  });
  return {
    ...inner,
    open: async (path, mode) => wrapped(await inner.open(path, mode)),
    fail: (failure) => {
      failing = failure;
    },
    get failures() {
      return failures;
    },
  };
};

const unanswered = async (bootstrapServers: string): Promise<string> => {
  await using client = openClient({ bootstrapServers, requestTimeoutMs: 500 });
  const producer = client.producer({ lingerMs: 0, retries: 0, deliveryTimeoutMs: 1000 });
  try {
    await producer.send({ topic: 'staged', partition: 0, value: 'never acknowledged' });
    return 'acknowledged';
  } catch {
    return 'refused';
  } finally {
    await producer.close({ timeoutMs: 0 });
  }
};

describe('what the disk refused is not acknowledged:', () => {
  test.each(['write', 'sync'] as const)('EIO on a %s of the journal ends the node', async (on) => {
    const disk = openFailingDisk();
    await using stage = await stageCluster({ world: { disk } });
    await stage.send(10, 2000);
    disk.fail({ on, within: '/journal/', code: 'EIO' });
    expect(await unanswered(stage.cluster.bootstrapServers)).toBe('refused');
    // A process of its own would have ended here: the pages that the failed flush left behind may lie.
    expect(stage.cluster.faults.map(({ what }) => what)).toEqual([
      expect.stringContaining('the last log directory failed'),
    ]);
    disk.fail(undefined);
    const report = await stage.meanwhile('crash', () => undefined);
    expect(report).toMatchObject({ cleanShutdown: false, corruption: [], suspectLogs: 0 });
    const { violations, refusals } = await stage.check();
    // What was not acknowledged may be there, or not.
    expect(violations.filter(({ kind }) => kind !== 'invented')).toEqual([]);
    expect(refusals).toEqual([]);
  });

  test('ENOSPC in the journal stops appends until there is space again', async () => {
    const disk = openFailingDisk();
    await using stage = await stageCluster({ world: { disk } });
    await stage.send(10, 2000);
    disk.fail({ on: 'write', within: '/journal/', code: 'ENOSPC' });
    expect(await unanswered(stage.cluster.bootstrapServers)).toBe('refused');
    expect(disk.failures).toBeGreaterThan(0);
    disk.fail(undefined);
    await stage.send(10, 2000);
    expect(await stage.check()).toEqual({ violations: [], refusals: [] });
    expect(stage.cluster.faults).toEqual([]);
    await stage.meanwhile('crash', () => undefined);
    expect(await stage.check()).toEqual({ violations: [], refusals: [] });
  });
});
