/** One kind of CPU work, known by name on both sides of a thread. */
export interface ComputeJob<Input, Output> {
  readonly name: string;
  run(input: Input): Output;
}

/** CPU work away from the event loop: `worker_threads` in production, in this very thread in simulations and tests. */
export interface Compute {
  run<Input, Output>(job: ComputeJob<Input, Output>, input: Input, signal?: AbortSignal): Promise<Output>;
}
