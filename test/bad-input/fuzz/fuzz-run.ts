import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Random } from '@kafkaesque/kernel';
import { SeededRandom } from '@kafkaesque/kernel';
import { apis, encodeRequestFrame } from '@kafkaesque/protocol';
import type { FuzzReport, LongestTurn } from './fuzz-report';
import type { MemoryConnection } from './memory-port';
import type { Mutant } from './mutations';
import { mutate, oneOf } from './mutations';
import { NodeUnderFuzz, isObeyedByLeaving } from './node-under-fuzz';
import { inEveryVersion, readRecordings, withTopicId } from './recordings';
import type { Seed } from './recordings';
import { judgeRoundTrip } from './round-trip';

export interface FuzzOptions {
  readonly seed: number;
  /** The first execution: a multiple of `EXECUTIONS_PER_NODE`, since a node remembers. */
  readonly from: number;
  readonly executions: number;
  /** Told after each node's executions, with what has been done so far. */
  readonly progress?: (report: FuzzReport) => void;
}

/** A node's metadata and logs grow with what mutants create; a new one every so often keeps a run repeatable. */
export const EXECUTIONS_PER_NODE = 10_000;
const EXECUTIONS_PER_TURN = 16;
/** Mutants of this length have a turn of the event loop to themselves. */
const LARGE_BYTES = 1024;
/** Turns from this processor time on are tried again before they are believed. */
const SLOW_MS = 30;
const SLOW_REPETITIONS = 3;
const EXECUTIONS_PER_TIDYING = 500;
/** Clients that stay for a while after what they sent, so that waiting and half-sent requests are met by others. */
const LINGERING = 64;
const WARM_EXECUTIONS = 2_000;
/** What one mutant may be answered: far more than any client reads, far less than a process has. */
const MOST_ANSWERED_BYTES = 16 << 20;

const HONEST_QUESTION = Buffer.concat(encodeRequestFrame(apis.ApiVersions, 0, 77, 'honest', {}));

/** Runs mutants against nodes; throws with everything needed to repeat it when one of them does harm. */
export const fuzz = async (options: FuzzOptions): Promise<FuzzReport> => new FuzzRun(options).run();

class FuzzRun {
  readonly #options: FuzzOptions;
  readonly #recorded: readonly Seed[];
  readonly #understood = new Map<string, number>();
  readonly #counts = { done: 0, accepted: 0, respelled: 0, closed: 0, answeredBytes: 0 };
  #largestAnswerBytes = 0;
  #longestMs = 0;
  readonly #slow: SlowMutant[] = [];
  #longest: LongestTurn = { processorMs: 0, execution: 0, mutant: 'none' };
  #baselineBytes: number | undefined;
  #grownBytes = 0;
  #seeds: readonly Seed[] = [];
  readonly #lingering: { readonly connection: MemoryConnection; readonly execution: number }[] = [];
  #honest: { readonly connection: MemoryConnection; readonly execution: number }[] = [];

  constructor(options: FuzzOptions) {
    this.#options = options;
    const recorded = readRecordings();
    this.#recorded = [...recorded, ...inEveryVersion(recorded)];
    this.#counts.done = options.from;
  }

  async run(): Promise<FuzzReport> {
    const end = this.#options.from + this.#options.executions;
    for (let at = this.#options.from; at < end; at += EXECUTIONS_PER_NODE) {
      await this.#runNode(at, Math.min(at + EXECUTIONS_PER_NODE, end));
      this.#options.progress?.(this.#summary());
    }
    return this.#summary();
  }

  #summary(): FuzzReport {
    return {
      ...this.#counts,
      ...{ largestAnswerBytes: this.#largestAnswerBytes, longestMs: this.#longestMs, longest: this.#longest },
      ...{ grownBytes: this.#grownBytes, understood: this.#understood },
    };
  }

  async #runNode(from: number, end: number): Promise<void> {
    await using node = await NodeUnderFuzz.start();
    for (let execution = from; execution < end; execution += 1) {
      if ((execution - from) % EXECUTIONS_PER_TIDYING === 0) await this.#tidy(node, execution);
      const random = new SeededRandom(this.#options.seed, String(execution));
      const mutant = mutate(this.#seeds, random);
      this.#judge(mutant, execution);
      if (isObeyedByLeaving(mutant.frame)) continue;
      // Asking for the processor time is slow: only of what may take long.
      const began = mutant.frame.length < LARGE_BYTES ? undefined : process.cpuUsage();
      const beganMs = performance.now();
      this.#send(node, mutant, execution, random);
      if (began !== undefined || execution % EXECUTIONS_PER_TURN === 0) await turn();
      this.#longestMs = Math.max(this.#longestMs, performance.now() - beganMs);
      if (began !== undefined) this.#timed(processorMsSince(began), mutant, execution);
      if (execution % EXECUTIONS_PER_TURN === 0) this.#lookAround(node, mutant, execution);
      this.#counts.done = execution + 1;
      if (this.#baselineBytes === undefined && execution >= from + WARM_EXECUTIONS)
        this.#baselineBytes = usedBytes();
    }
    await this.#tidy(node, end - 1);
    await this.#repeatSlowOnes(node);
    this.#grownBytes = usedBytes() - (this.#baselineBytes ?? usedBytes());
    await this.#expectNothingHeld(node, end - 1);
  }

  #timed(processorMs: number, mutant: Mutant, execution: number): void {
    if (processorMs >= SLOW_MS) this.#slow.push({ mutant, execution, processorMs });
    else this.#note({ mutant, execution, processorMs });
  }

  #note({ mutant: { seed, frame }, execution, processorMs }: SlowMutant): void {
    if (processorMs <= this.#longest.processorMs) return;
    const mutant = `${seed.api.request.name} v${seed.version} of ${frame.length} bytes`;
    this.#longest = { processorMs, execution, mutant };
  }

  /** What was slow once may have met the collector, or a busy machine; what is slow each time is slow. */
  async #repeatSlowOnes(node: NodeUnderFuzz): Promise<void> {
    for (const slow of this.#slow.splice(0)) {
      let { processorMs } = slow;
      for (let again = 0; again < SLOW_REPETITIONS; again += 1) {
        const connection = node.port.connect();
        const began = process.cpuUsage();
        connection.push(withLength(slow.mutant.frame));
        await turn();
        processorMs = Math.min(processorMs, processorMsSince(began));
        connection.leave();
      }
      this.#note({ ...slow, processorMs });
    }
  }

  /** Sees to it that there is something to hit, and that the node still does what it is asked. */
  async #tidy(node: NodeUnderFuzz, execution: number): Promise<void> {
    this.#seeds = withTopicId(this.#recorded, await node.tidy());
    const wrong = await node.produceAndExpectPlace();
    if (wrong !== undefined) this.#fail(wrong, execution);
    this.#lookAround(node, undefined, execution);
  }

  #judge(mutant: Mutant, execution: number): void {
    const verdict = judgeRoundTrip(mutant);
    if (verdict.kind === 'wrong')
      this.#fail(`${mutant.seed.api.request.name} v${mutant.seed.version} ${verdict.why}`, execution, mutant);
    if (verdict.kind !== 'accepted') return;
    this.#counts.accepted += 1;
    if (verdict.spelling === 'respelled') this.#counts.respelled += 1;
    const kind = `${mutant.frame.readInt16BE(0)}.${mutant.frame.readInt16BE(2)}`;
    this.#understood.set(kind, (this.#understood.get(kind) ?? 0) + 1);
  }

  /** Sends the mutant in pieces, behind a true length or a wrong one; then somebody else asks an honest question. */
  #send(node: NodeUnderFuzz, { frame }: Mutant, execution: number, random: Random): void {
    const connection = node.port.connect({ reads: random.below(16) > 0 });
    let bytes = withLength(frame, random.below(20) > 0 ? frame.length : wrongLength(frame.length, random));
    if (random.below(10) === 0) bytes = Buffer.concat([bytes, bytes]);
    for (let pieces = random.below(4); pieces > 0 && bytes.length > 1; pieces -= 1) {
      const at = 1 + random.below(bytes.length - 1);
      connection.push(bytes.subarray(0, at));
      bytes = bytes.subarray(at);
    }
    connection.push(bytes);
    this.#lingering.push({ connection, execution });
    if (this.#lingering.length > LINGERING) this.#leave(this.#lingering.shift());
    const honest = node.port.connect();
    honest.push(HONEST_QUESTION);
    this.#honest.push({ connection: honest, execution });
  }

  #leave(client: { readonly connection: MemoryConnection; readonly execution: number } | undefined): void {
    if (client === undefined) return;
    const { connection, execution } = client;
    if (connection.isEnded) this.#counts.closed += 1;
    connection.leave();
    this.#counts.answeredBytes += connection.receivedBytes;
    this.#largestAnswerBytes = Math.max(this.#largestAnswerBytes, connection.receivedBytes);
    if (connection.receivedBytes > MOST_ANSWERED_BYTES)
      this.#fail(`one mutant was answered with ${connection.receivedBytes} bytes`, execution);
  }

  #lookAround(node: NodeUnderFuzz, mutant: Mutant | undefined, execution: number): void {
    const [failure] = node.failures;
    if (failure !== undefined) this.#fail(failure, execution, mutant);
    for (const { connection, execution: asked } of this.#honest) {
      const { received } = connection;
      if (received.length < 10 || received.readInt32BE(4) !== 77 || received.readInt16BE(8) !== 0)
        this.#fail('an honest question right behind it was not answered', asked);
      connection.leave();
    }
    this.#honest = [];
  }

  /** When all clients have gone, nothing of what they sent is held. */
  async #expectNothingHeld(node: NodeUnderFuzz, execution: number): Promise<void> {
    for (const client of this.#lingering.splice(0)) this.#leave(client);
    await turn();
    const { requestMemory } = node.port;
    if (requestMemory.heldBytes > 0 || requestMemory.waiterCount > 0)
      this.#fail(`${requestMemory.heldBytes} bytes of requests are held for nobody`, execution);
  }

  #fail(why: string, execution: number, mutant?: Mutant): never {
    const node = execution - (execution % EXECUTIONS_PER_NODE);
    const repeat = `SEED=${this.#options.seed} FROM=${node} EXECUTIONS=${execution - node + 1 + EXECUTIONS_PER_TURN} npm run fuzz`;
    const bytes = mutant === undefined ? '' : `\n${mutant.frame.subarray(0, 2_000).toString('hex')}`;
    throw new Error(`execution ${execution}: ${why}\nrepeat with ${repeat}${bytes}`);
  }
}

interface SlowMutant {
  readonly mutant: Mutant;
  readonly execution: number;
  readonly processorMs: number;
}

const processorMsSince = (began: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1000;
};

const withLength = (frame: Buffer, declared = frame.length): Buffer => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(declared);
  return Buffer.concat([length, frame]);
};

const wrongLength = (length: number, random: Random): number =>
  oneOf([length - 1, length + 1, length + 70_000, 0, -1, 7, 0x47455420, 2 ** 31 - 1, -(2 ** 31)], random);

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What the process holds behind a full collection. */
const usedBytes = (): number => {
  // The first sweeps buffers behind our back, and they count until the second has waited for that.
  collectGarbage();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};
