/** One kind of CPU work, known by name on both sides of a thread. Inputs and outputs must be what can be cloned. */
export interface ComputeJob<Input, Output> {
  readonly name: string;
  run(input: Input): Output;
  /** Memory of an input or an output that changes hands instead of being copied: whoever had it must not use it again. */
  handsOver?(value: Input | Output): readonly ArrayBuffer[];
}

/** CPU work away from the event loop: `worker_threads` in production, in this very thread in simulations and tests. */
export interface Compute {
  run<Input, Output>(job: ComputeJob<Input, Output>, input: Input, signal?: AbortSignal): Promise<Output>;
}

/** Does the work in the calling turn. */
export const inlineCompute: Compute = {
  run: (job, input) => new Promise((resolve) => resolve(job.run(input))),
};
