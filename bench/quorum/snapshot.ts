import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Sample } from '../figures';

const run = (mode: 'write' | 'load', directory: string, partitions: number): string => {
  const args = [join(__dirname, 'snapshot-process.js'), mode, directory, String(partitions)];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${mode} of a snapshot: ${stderr}`);
  return stdout;
};

/** Writes a snapshot of so many partitions with one process, and loads it with another that measures itself. */
export const loadSnapshotIn = (directory: string, partitions: number): Sample => {
  run('write', directory, partitions);
  return JSON.parse(run('load', directory, partitions)) as Sample;
};
