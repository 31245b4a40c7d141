import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasCode, silentLogger, silentMetrics } from '@kafkaesque/kernel';
import type { World } from '../node/world';
import { openWorld } from './open-world';

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'world-'));
});
afterEach(() => rmSync(parent, { recursive: true }));

const worldWith = (
  environment: Readonly<Record<string, string>>,
  directories: readonly string[] = [],
): Promise<World> =>
  openWorld({
    logger: silentLogger,
    metrics: silentMetrics,
    environment,
    directories,
    faults: {
      fault: (what, cause) => {
        throw new Error(what, { cause });
      },
    },
  });

/** Ends a process without ending it: nothing is synced, nothing is told. */
const writeUnsynced = async ({ disk }: World, path: string): Promise<void> => {
  const file = await disk.open(path, 'write');
  await file.write([Buffer.from('new')], 0);
  await file.close();
};

describe('the world of a process', () => {
  test('keeps what is not synced when its process dies, as an operating system does', async () => {
    writeFileSync(join(parent, 'file'), 'old');
    await writeUnsynced(await worldWith({ FAULT_FS: '' }, [parent]), join(parent, 'file'));
    await worldWith({}, [parent]);
    expect(readFileSync(join(parent, 'file'), 'utf8')).toBe('new');
  });

  test.each(['log', 'log/metadata'])(
    'loses with FAULT_FS=lazy what is not synced below %s',
    async (below) => {
      const directories = [join(parent, 'log'), join(parent, 'log'), join(parent, 'log/metadata')];
      let lost = 0;
      for (let seed = 0; seed < 20; seed++) {
        rmSync(join(parent, 'log'), { recursive: true, force: true });
        const first = await worldWith({ FAULT_FS: 'lazy', FAULT_SEED: String(seed) }, directories);
        for (const directory of new Set(directories)) await first.disk.makeDirectory(directory);
        for (const directory of [parent, ...directories]) await first.disk.syncDirectory(directory);
        writeFileSync(join(parent, below, 'file'), 'old');
        await writeUnsynced(first, join(parent, below, 'file'));
        await worldWith({ FAULT_FS: 'lazy', FAULT_SEED: String(seed) }, directories);
        if (readFileSync(join(parent, below, 'file'), 'utf8') === 'old') lost += 1;
      }
      expect(lost).toBeGreaterThan(0);
      expect(readdirSync(parent).filter((name) => name.endsWith('.unsynced'))).toEqual(['log.unsynced']);
    },
  );

  test('refuses a disk and a seed that it does not know', async () => {
    const failure = async (environment: Readonly<Record<string, string>>): Promise<unknown> =>
      worldWith(environment).then(
        () => undefined,
        (cause: unknown) => cause,
      );
    expect(hasCode(await failure({ FAULT_FS: 'eager' }), 'UNKNOWN_FAULT_FS')).toBe(true);
    expect(hasCode(await failure({ FAULT_FS: 'lazy', FAULT_SEED: 'x' }), 'UNKNOWN_FAULT_SEED')).toBe(true);
  });
});
