import { randomInt } from 'node:crypto';
import type { SimulateArguments } from './arguments';
import { commandOf, shrink } from './shrink';
import { findSuite } from './suites';
import { addReport, describeTotals } from './totals';
import type { Totals } from './totals';
import type { SeedResult, SeedTask } from './worker';
import { Worker } from './worker-pool';

/** Where a campaign tells of itself, and keeps its state. */
export interface CampaignHooks {
  readonly say: (line: string) => void;
  readonly save: (totals: Totals) => void;
  /** The commit that is run, for whoever reads of a failure. */
  readonly commit: string;
}

const EVERY_REPEATED = 50;
const SAY_EVERY_MS = 5_000;
const LAST_LINES = 40;
const LARGEST_SEED = 1_000_000_000;

/** Runs seeds on up to two workers until enough was done; every fiftieth twice. A failing seed ends it, made small. */
export class Campaign {
  readonly totals: Totals;
  readonly #arguments: SimulateArguments;
  readonly #hooks: CampaignHooks;
  readonly #startedMs = performance.now();
  readonly #secondsBefore: number;
  readonly #eventsBefore: number;
  #handedOut = 0;
  #saidMs = 0;
  #over = false;

  constructor(totals: Totals, options: SimulateArguments, hooks: CampaignHooks) {
    this.totals = totals;
    this.#arguments = options;
    this.#hooks = hooks;
    this.#secondsBefore = totals.seconds;
    this.#eventsBefore = totals.events;
  }

  async run(): Promise<void> {
    const { workers } = this.#arguments;
    await Promise.all(Array.from({ length: workers }, () => this.#work()));
    this.#note(true);
  }

  async #work(): Promise<void> {
    const worker = new Worker();
    while (!this.#isEnough()) await this.#runNext(worker);
    worker.stop();
  }

  async #runNext(worker: Worker): Promise<void> {
    const task = this.#nextTask();
    const again = ++this.#handedOut % EVERY_REPEATED === 0;
    const result = await worker.run(task);
    addReport(this.totals, result.report);
    if (result.report.violation !== undefined) return this.#fail(worker, task, result);
    if (again) {
      const second = await worker.run(task);
      this.totals.repeated += 1;
      if (second.report.hash !== result.report.hash) {
        const message = `two runs differ: ${result.report.hash} (${result.report.events} events) and ${second.report.hash} (${second.report.events})`;
        const violation = { invariant: 'one seed, one run', message };
        this.#record(task, { ...second, report: { ...second.report, violation } });
      }
    }
    this.#note(false);
  }

  #nextTask(): SeedTask {
    const { suite, nodes, seedEvents, without, seed } = this.#arguments;
    const drawn =
      seed === undefined && this.totals.suite === suite ? randomInt(LARGEST_SEED) : this.totals.nextSeed;
    this.totals.nextSeed = drawn + 1;
    return {
      suite,
      seed: drawn,
      without,
      lastLines: 0,
      ...(nodes === undefined ? {} : { nodes }),
      ...(seedEvents === undefined ? {} : { maximumEvents: seedEvents }),
    };
  }

  #isEnough(): boolean {
    const { minutes, events, seed } = this.#arguments;
    if (this.#over) return true;
    if (events !== undefined) return this.totals.events >= events;
    if (minutes !== undefined) return performance.now() - this.#startedMs >= minutes * 60_000;
    return seed !== undefined && this.#handedOut > 0;
  }

  async #fail(worker: Worker, task: SeedTask, result: SeedResult): Promise<void> {
    this.#over = true;
    const { say } = this.#hooks;
    this.#record(task, result);
    say('  making it smaller …');
    const traced = (smaller: SeedTask): Promise<SeedResult> =>
      worker.run({ ...smaller, lastLines: LAST_LINES });
    const first = await traced(task);
    if (first.report.violation === undefined) {
      say('  it does not fail again: the run depends on something besides its seed');
      return;
    }
    const small = await shrink(task, first, findSuite(task.suite).families, traced);
    const { violation, events, simulatedMs } = small.result.report;
    say(`  after ${small.runs} runs: ${events} events, ${(simulatedMs / 1000).toFixed(1)} simulated seconds`);
    say(`  ${violation?.invariant ?? ''}: ${violation?.message ?? ''}`);
    say(`  the last events:\n${small.result.lines.map((line) => `    ${line}`).join('\n')}`);
    say(`  ${commandOf(small.task, true)}`);
  }

  #record(task: SeedTask, result: SeedResult): void {
    this.#over = true;
    const { invariant = '', message = '' } = result.report.violation ?? {};
    const command = commandOf(task, false);
    this.totals.failures.push({ seed: task.seed, invariant, command });
    const { say, commit } = this.#hooks;
    say(`\nSEED=${task.seed} COMMIT=${commit} failed after ${result.report.events} events`);
    say(`  ${invariant}: ${message}`);
    say(`  ${command}`);
  }

  #note(last: boolean): void {
    const elapsedMs = performance.now() - this.#startedMs;
    this.totals.seconds = this.#secondsBefore + elapsedMs / 1000;
    if (!last && elapsedMs - this.#saidMs < SAY_EVERY_MS) return;
    this.#saidMs = elapsedMs;
    this.#hooks.save(this.totals);
    const rate = (this.totals.events - this.#eventsBefore) / (elapsedMs / 1000);
    this.#hooks.say(
      `${describeTotals(this.totals, true)}\n  now ${Math.round(rate).toLocaleString('en-US')} events/s`,
    );
  }
}
