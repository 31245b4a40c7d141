import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Outcome } from './outcome';
import type { Load } from './load';

const program = process.env['KLOAD'] ?? resolve(__dirname, '../../../../shared/peers/kload/kload');

/** Whether `kload`, a load generator that shares no code with us, is here: `KLOAD` names it. */
export const isKloadPresent = (): boolean => existsSync(program);

/** Loads that kload knows. */
export const isForKload = (load: Load): boolean =>
  load.kind === 'produce' ? load.codec === 'none' : load.kind !== 'spread';

const flagsOf = (load: Load): readonly string[] => {
  switch (load.kind) {
    case 'produce': {
      const batchBytes = load.recordCount === 1 ? 1 : load.recordCount * (load.recordBytes + 10);
      return [
        ...['produce', '-acks', String(load.acks), '-inflight', String(load.inFlight)],
        ...['-record', String(load.recordBytes), '-batch', String(batchBytes)],
      ];
    }
    case 'fetch':
      return ['fetch'];
    case 'latency':
      return [
        'latency',
        '-acks',
        String(load.acks),
        '-rate',
        String(load.rate),
        '-record',
        String(load.recordBytes),
      ];
    case 'spread':
      throw new Error('kload does not spread load over partitions');
  }
};

interface KloadResult {
  readonly records: number;
  readonly seconds: number;
  readonly mb_s: number;
  readonly requests_s: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
}

/** The same load by kload. */
export const kloadFor = async (
  port: number,
  topic: string,
  load: Load,
  seconds: number,
): Promise<Outcome> => {
  const where = ['-bootstrap', `127.0.0.1:${port}`, '-topic', topic, '-seconds', String(seconds)];
  const result = (await kload([...flagsOf(load), ...where])) as KloadResult;
  return {
    records: result.records,
    bytes: result.mb_s * 1e6 * result.seconds,
    requests: Math.round(result.requests_s * result.seconds),
    seconds: result.seconds,
    p50Ms: result.p50_ms,
    p99Ms: result.p99_ms,
  };
};

/** What became of numbered records while a leader went away. */
export interface KloadFailover {
  readonly gap_ms: number;
  readonly lost: number;
  readonly duplicates: number;
}

/** Numbered records for so many seconds; after three of them the shell command is run. */
export const kloadFailover = async (
  ports: readonly number[],
  topic: string,
  command: string,
  seconds: number,
): Promise<KloadFailover> =>
  (await kload([
    ...['failover', '-bootstrap', ports.map((port) => `127.0.0.1:${port}`).join(',')],
    ...['-topic', topic, '-acks', '-1', '-rate', '200', '-record', '100'],
    ...['-seconds', String(seconds), '-kill', command],
  ])) as KloadFailover;

const kload = async (args: readonly string[]): Promise<unknown> => {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let complaints = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
  const code = await new Promise<number | null>((ended, reject) => {
    child.on('error', reject);
    child.on('close', ended);
  });
  if (code !== 0) throw new Error(`kload failed: ${complaints}`);
  return JSON.parse(output);
};
