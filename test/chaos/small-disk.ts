import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system of its own, in memory. */
export interface SmallDisk extends Disposable {
  readonly path: string;
  /** `ro` or `rw`, or another size. Fails if it is in use in a way that forbids it. */
  remount(options: string): void;
}

const mount = (args: readonly string[]): boolean =>
  spawnSync('mount', args, { stdio: 'ignore' }).status === 0;

/** Mounts one; undefined where nobody may (it takes root, and a container may forbid it even then). */
export const mountSmallDisk = (sizeBytes: number): SmallDisk | undefined => {
  const path = mkdtempSync(join(tmpdir(), 'small-disk-'));
  if (process.platform !== 'linux' || !mount(['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tmpfs', path])) {
    rmdirSync(path);
    return undefined;
  }
  return {
    path,
    remount(options) {
      if (!mount(['-o', `remount,${options}`, path])) throw new Error(`${path} cannot be remounted`);
    },
    [Symbol.dispose]() {
      // Lazily: whoever was killed may still be letting go of its files.
      spawnSync('umount', ['-l', path], { stdio: 'ignore' });
      rmdirSync(path);
    },
  };
};

export const NO_SMALL_DISKS =
  'chaos: this machine mounts no file systems for tests, so no real disk was filled\n';
