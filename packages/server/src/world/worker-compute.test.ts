import { openBatchBuilder } from '@kafkaesque/protocol';
import { compactionJobs } from '@kafkaesque/storage';
import type { ComputeJob } from '@kafkaesque/kernel';
import { WorkerCompute } from './worker-compute';

const job = (name: string): ComputeJob<unknown, unknown> => {
  const found = (compactionJobs as readonly ComputeJob<unknown, unknown>[]).find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is a job ${name}`);
  return found;
};

const batch = (): Buffer => {
  const builder = openBatchBuilder({ limitBytes: Infinity, codec: 'gzip' });
  builder.append({ key: Buffer.from('a'), value: Buffer.from('one') }, 1);
  builder.append({ key: Buffer.from('a'), value: Buffer.from('two') }, 2);
  const built = builder.build();
  const own = Buffer.allocUnsafeSlow(built.length);
  built.copy(own);
  return own;
};

/** Room for four keys, which threads share. */
const keyMap = (): Uint32Array => {
  const map = new Uint32Array(new SharedArrayBuffer((2 + 6 * 8) * 4));
  map[1] = 4;
  return map;
};

describe('a thread that computes', () => {
  test('does the jobs of compaction over memory that is shared, and takes the bytes', async () => {
    const compute = new WorkerCompute({ idleMs: 1 });
    const map = keyMap();
    const bytes = batch();
    const indexed = await compute.run(job('storage.index-keys'), { bytes, map, from: 0 });
    expect(indexed).toMatchObject({ kind: 'indexed', end: 2, lacksRoomFor: 0 });
    expect(map[0]).toBe(1);
    expect(bytes.buffer.byteLength).toBe(0);
    const cleaned = await compute.run(job('storage.drop-superseded'), {
      ...{ bytes: batch(), map, mapEnd: 2, nowMs: 5, deleteRetentionMs: 1, tombstonesBelow: 2 },
      ...{ producers: new Map(), isLast: false },
    });
    expect(cleaned).toMatchObject({ kind: 'cleaned', isChanged: true, removedRecords: 1 });
  });

  test('tells what a job failed of, and goes on', async () => {
    const compute = new WorkerCompute({ idleMs: 1 });
    const unknown: ComputeJob<number, number> = { name: 'unknown', run: (input) => input };
    await expect(compute.run(unknown, 1)).rejects.toMatchObject({ code: 'COMPUTE_FAILED' });
    const map = new Uint32Array(new SharedArrayBuffer(200));
    await expect(
      compute.run(job('storage.index-keys'), { bytes: new Uint8Array(3), map, from: 0 }),
    ).resolves.toMatchObject({ kind: 'damaged' });
  });

  test('has the options of its process, also those that no thread can be given', async () => {
    const { execArgv } = process;
    process.execArgv = ['--max-old-space-size=4096'];
    try {
      const compute = new WorkerCompute({ idleMs: 1 });
      const input = { bytes: batch(), map: keyMap(), from: 0 };
      expect(await compute.run(job('storage.index-keys'), input)).toMatchObject({ kind: 'indexed', end: 2 });
    } finally {
      process.execArgv = execArgv;
    }
  });
});
