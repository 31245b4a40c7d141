import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';

/** The unit of `/proc/PID/stat` on every Linux that Node runs on (USER_HZ). */
const TICKS_PER_SECOND = 100;

/** What the figures were taken on. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly system: string;
  readonly node: string;
  /** Runnable processes over the last minute when the run began: above a fraction, somebody else was at work. */
  readonly loadAverage: number;
}

export const describeMachine = (): Machine => ({
  processor: cpus()[0]?.model.trim() ?? 'unknown',
  cores: availableParallelism(),
  memoryGib: Math.round(totalmem() / 2 ** 30),
  system: `${process.platform} ${release()}`,
  node: process.versions.node,
  loadAverage: loadavg()[0] ?? 0,
});

/** Processor time that a process has used so far, all its threads, user and system: seconds. */
export const processorSeconds = (pid: number): number => {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name stands in parentheses and may hold anything, spaces and parentheses included.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
};

/** Whether a process is there, and not only waits for its parent to hear of its end. */
export const isRunning = (pid: number): boolean => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.charAt(text.lastIndexOf(')') + 2) !== 'Z';
  } catch {
    return false;
  }
};

/** Memory of a process that lies in RAM, in MiB. */
export const residentMib = (pid: number): number => {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(found?.[1] ?? 0) / 1024;
};

export interface MachineTicks {
  readonly stolen: number;
  readonly all: number;
}

/** Time of all processors since the start, and the part of it that the machine's host took away. */
export const machineTicks = (): MachineTicks => ticksOf(readFileSync('/proc/stat', 'utf8'));

/** Reads the first line of `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal; guests count as user. */
export const ticksOf = (text: string): MachineTicks => {
  const fields = (text.split('\n')[0] ?? '').trim().split(/\s+/).slice(1, 9).map(Number);
  return { stolen: fields[7] ?? 0, all: fields.reduce((sum, ticks) => sum + ticks, 0) };
};

/** The share of processor time that was stolen between two moments, 0 to 1. */
export const stealBetween = (before: MachineTicks, after: MachineTicks): number =>
  after.all === before.all ? 0 : (after.stolen - before.stolen) / (after.all - before.all);

const TOUCH = `
const chunks = [];
for (let left = Number(process.argv[1]); left > 0; left -= 2 ** 26) chunks.push(Buffer.alloc(2 ** 26, 1));
`;

/**
 * Writes to most of the free memory once and gives it back. A virtual machine pays its host for the first touch of each
 * page; without this the first rounds would pay for all.
 */
export const touchMemory = (): void => {
  const found = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'));
  const bytes = Number(found?.[1] ?? 0) * 1024 * 0.7;
  spawnSync(process.execPath, ['-e', TOUCH, String(Math.floor(bytes))], { stdio: 'ignore' });
};
