import { parentPort, workerData } from 'node:worker_threads';

/** When the beats are due: `firstMs + index * intervalMs` on the process's monotonic clock. */
export interface Beats {
  readonly firstMs: number;
  readonly intervalMs: number;
  readonly count: number;
}

const { firstMs, intervalMs, count } = workerData as Beats;
const sleeper = new Int32Array(new SharedArrayBuffer(4));
for (let index = 0; index < count; index += 1) {
  const leftMs = firstMs + index * intervalMs - Number(process.hrtime.bigint()) / 1e6;
  if (leftMs > 0) Atomics.wait(sleeper, 0, 0, leftMs);
  parentPort?.postMessage(index);
}
