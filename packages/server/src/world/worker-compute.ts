import { Worker } from 'node:worker_threads';
import type { Compute, ComputeJob } from '@kafkaesque/kernel';
import { Failure } from '@kafkaesque/kernel';
import type { WorkOrder, WorkResult } from './compute-worker';

/** The thread ends when it had nothing to do for so long: what it needed is given back. */
const IDLE_MS = 30_000;

export interface WorkerComputeOptions {
  readonly idleMs?: number;
}

interface Waiter {
  readonly done: (output: unknown) => void;
  readonly failed: (cause: Error) => void;
}

/** CPU work in one thread of its own, one job after the other; the thread is there while there is work. */
export class WorkerCompute implements Compute {
  readonly #idleMs: number;
  readonly #waiters = new Map<number, Waiter>();
  #worker: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;
  #number = 0;

  constructor(options: WorkerComputeOptions = {}) {
    this.#idleMs = options.idleMs ?? IDLE_MS;
  }

  /** Whether the thread is there now. */
  get isRunning(): boolean {
    return this.#worker !== undefined;
  }

  run<Input, Output>(job: ComputeJob<Input, Output>, input: Input, signal?: AbortSignal): Promise<Output> {
    if (signal?.aborted === true) return Promise.reject(aborted(job.name));
    clearTimeout(this.#idle);
    const number = this.#number++;
    const worker = (this.#worker ??= this.#start());
    worker.ref();
    return new Promise<Output>((resolve, reject) => {
      this.#waiters.set(number, { done: (output) => resolve(output as Output), failed: reject });
      const order: WorkOrder = { number, job: job.name, input };
      worker.postMessage(order, [...(job.handsOver?.(input) ?? [])]);
    });
  }

  #start(): Worker {
    // By way of `require`, so that it also runs where sources are compiled as they load.
    const worker = new Worker("require(require('node:worker_threads').workerData)", {
      eval: true,
      workerData: require.resolve('./compute-worker'),
    });
    worker.on('message', (result: WorkResult) => {
      const waiter = this.#waiters.get(result.number);
      this.#waiters.delete(result.number);
      if (this.#waiters.size === 0) this.#rest(worker);
      if (result.kind === 'done') waiter?.done(result.output);
      else waiter?.failed(new Failure('COMPUTE_FAILED', result.message));
    });
    worker.on('error', (cause) => {
      this.#gone(worker, cause);
    });
    worker.on('exit', () => {
      this.#gone(worker, undefined);
    });
    return worker;
  }

  /** Nothing to do: it keeps no process alive, and ends before long. */
  #rest(worker: Worker): void {
    worker.unref();
    this.#idle = setTimeout(() => {
      if (this.#worker === worker) this.#worker = undefined;
      void worker.terminate();
    }, this.#idleMs);
    this.#idle.unref();
  }

  #gone(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const waiters = [...this.#waiters.values()];
    this.#waiters.clear();
    for (const { failed } of waiters)
      failed(new Failure('COMPUTE_FAILED', 'the thread that computes has ended', { cause }));
  }
}

const aborted = (job: string): Failure => new Failure('ABORTED', `${job} was not begun`);
