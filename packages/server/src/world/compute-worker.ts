import { parentPort } from 'node:worker_threads';
import { messageOf } from '@kafkaesque/kernel';
import type { ComputeJob } from '@kafkaesque/kernel';
import { initialiseCodecs } from '@kafkaesque/protocol';
import { compactionJobs } from '@kafkaesque/storage';

/** What the thread is asked to do. */
export interface WorkOrder {
  readonly number: number;
  readonly job: string;
  readonly input: unknown;
}

/** What came of it. */
export type WorkResult =
  | { readonly number: number; readonly kind: 'done'; readonly output: unknown }
  | { readonly number: number; readonly kind: 'failed'; readonly message: string };

const jobs = new Map(
  (compactionJobs as readonly ComputeJob<unknown, unknown>[]).map((job) => [job.name, job]),
);

const carryOut = ({ number, job: name, input }: WorkOrder): void => {
  const job = jobs.get(name);
  try {
    if (job === undefined) throw new Error(`there is no job ${name}`);
    const output = job.run(input);
    const result: WorkResult = { number, kind: 'done', output };
    parentPort?.postMessage(result, [...(job.handsOver?.(output) ?? [])]);
  } catch (error) {
    const result: WorkResult = { number, kind: 'failed', message: messageOf(error) };
    parentPort?.postMessage(result);
  }
};

const ready = initialiseCodecs();
parentPort?.on('message', (order: WorkOrder) => {
  void ready.then(() => {
    carryOut(order);
  });
});
