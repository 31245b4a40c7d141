import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@kafkaesque/client';
import { openClient } from '@kafkaesque/client';
import { SeededRandom, messageOf } from '@kafkaesque/kernel';
import type { Random } from '@kafkaesque/kernel';
import type { LazyMode } from '@kafkaesque/storage';
import { dropUnsynced, openNodeDisk } from '@kafkaesque/storage';
import { checkPartition, combineReports } from './acknowledged';
import type { Report } from './acknowledged';
import { startChurn } from './churn';
import { History } from './history';
import type { Ending } from './history';
import { readPartitions } from './reading';
import { openSender } from './sender';
import type { SendTarget, Sender } from './sender';
import { spawnBroker } from './spawned-broker';
import type { Ready, SpawnedBroker } from './spawned-broker';
import type { KnownTopic } from './topic-states';

export interface KillRoundsOptions {
  /** Holds the node's data and the history; a later run with the same one goes on. */
  readonly directory: string;
  readonly seed: number;
  readonly mode: LazyMode;
  /** Of the largest topic. */
  readonly partitions: number;
  readonly rounds: number;
  /** Bytes that each producer of a round sends as fast as it can. */
  readonly eagerBytes: number;
  /** Looked at before each round. */
  readonly isOver?: () => boolean;
  readonly progress?: (line: string) => void;
}

export interface KillRoundsOutcome {
  readonly rounds: number;
  readonly acknowledged: number;
  readonly kills: { underLoad: number; duringStart: number; whileIdle: number };
  cleanStops: number;
  powerLosses: number;
  /** Complete readings of everything. */
  verifications: number;
  /** In the last complete reading. */
  confirmed: number;
  unacknowledged: number;
  repeated: number;
  deletedByRetention: number;
  /** Writes and changes of names that losses of power took or tore. */
  lostOperations: number;
  tornWrites: number;
  /** What recoveries found, over all starts that came to an end. */
  scannedBytes: number;
  cutBytes: number;
  tornLogs: number;
  journalRounds: number;
  journalTornBytes: number;
  /** Torn ends of journals that no seal followed: a flipped bit in one could not have been told from a torn write. */
  unsealedTails: number;
  /** Sentences; empty when every promise held. The run ends with the round in which the first one came. */
  readonly violations: string[];
}

const SEGMENT_BYTES = 1 << 20;
const RETENTION_BYTES = 4 << 20;
/** What the last round wrote without an acknowledgement may be cut off after retention counted it. */
const TORN_BYTES = 1 << 20;

/** Starts a node again and again, loads it and kills it, and looks each time whether all that was promised is there. */
export const runKillRounds = async (options: KillRoundsOptions): Promise<KillRoundsOutcome> => {
  const run = new KillRounds(options);
  try {
    await run.run();
  } finally {
    await run.close();
  }
  return run.outcome;
};

type Plan = 'load' | 'start' | 'idle' | 'clean';

class KillRounds {
  readonly outcome: KillRoundsOutcome;
  readonly #options: KillRoundsOptions;
  readonly #random: Random;
  readonly #history: History;
  readonly #dataDirectory: string;
  readonly #counts = { rounds: 0 };
  #broker: SpawnedBroker | undefined;
  #senders: Sender[] = [];
  #port = 0;
  #lastStartMs = 1000;

  constructor(options: KillRoundsOptions) {
    this.#options = options;
    mkdirSync(options.directory, { recursive: true });
    this.#history = new History(join(options.directory, 'history'));
    this.#dataDirectory = join(options.directory, 'data');
    // A run that goes on draws other lots than the one before it.
    this.#random = new SeededRandom(options.seed, `rounds from ${this.#history.lastRound.round}`);
    const [counts, history] = [this.#counts, this.#history];
    this.outcome = {
      get rounds() {
        return counts.rounds;
      },
      get acknowledged() {
        return history.acknowledged;
      },
      kills: { underLoad: 0, duringStart: 0, whileIdle: 0 },
      ...{ cleanStops: 0, powerLosses: 0, verifications: 0, confirmed: 0, unacknowledged: 0, repeated: 0 },
      ...{
        deletedByRetention: 0,
        lostOperations: 0,
        tornWrites: 0,
        scannedBytes: 0,
        cutBytes: 0,
        tornLogs: 0,
      },
      ...{ journalRounds: 0, journalTornBytes: 0, unsealedTails: 0, violations: [] },
    };
  }

  async run(): Promise<void> {
    const { rounds, isOver = () => false } = this.#options;
    const first = this.#history.lastRound.round + 1;
    for (let round = first; round < first + rounds && !isOver(); round++) {
      await this.#round(round, this.#planOf(round === first));
      this.#counts.rounds += 1;
      if (this.outcome.violations.length > 0) return;
    }
    await this.#conclude(this.#history.lastRound.round + 1);
  }

  async close(): Promise<void> {
    await Promise.all(this.#senders.map((sender) => sender.close()));
    await this.#broker?.kill();
    this.#history.save();
  }

  #planOf(isFirst: boolean): Plan {
    const draw = this.#random.below(100);
    if (isFirst || draw < 60) return 'load';
    if (draw < 85) return 'start';
    return draw < 90 ? 'idle' : 'clean';
  }

  async #round(round: number, plan: Plan): Promise<void> {
    const { progress = () => undefined } = this.#options;
    const { outcome } = this;
    const broker = this.#spawn();
    let told: string;
    if (plan === 'start') {
      await broker.starting;
      const delayMs = this.#random.below(this.#random.below(2) === 0 ? 300 : this.#lastStartMs);
      await Promise.race([sleep(delayMs), broker.ready.then(() => sleep(20))]);
      await broker.kill();
      outcome.kills.duringStart += 1;
      told = `killed ${delayMs} ms into the start`;
    } else {
      const startedMs = performance.now();
      const ready = await this.#ready(broker);
      if (ready === undefined) {
        progress(`round ${round}: did not start`);
        return;
      }
      this.#lastStartMs = 1 + Math.round(performance.now() - startedMs);
      told = `ready after ${this.#lastStartMs} ms, `;
      this.#judgeStart(ready);
      told += await this.#verify();
      if (outcome.violations.length > 0) {
        progress(`round ${round}: ${told}; ${outcome.violations.join('; ')}\n${broker.testimony()}`);
        return;
      }
      if (plan !== 'idle') told += await this.#load(round, plan);
      else {
        await broker.kill();
        outcome.kills.whileIdle += 1;
        told += ', killed';
      }
    }
    this.#broker = undefined;
    this.#countLosses(broker.testimony());
    this.#history.endRound(round, plan === 'clean' ? 'clean' : 'killed');
    if (this.#options.mode === 'lazy-kill' && this.#random.below(5) < 2) {
      const loss = await dropUnsynced({
        disk: openNodeDisk(),
        directory: this.#dataDirectory,
        random: this.#random.fork('loss of power'),
      });
      outcome.lostOperations += loss.lostOperations;
      outcome.tornWrites += loss.tornWrites;
      outcome.powerLosses += 1;
      told += ', power lost';
    }
    progress(`round ${round}: ${told}`);
  }

  /** Nothing is killed any more: all that was promised is there, also after a clean stop, which leaves nothing to scan. */
  async #conclude(round: number): Promise<void> {
    const { progress = () => undefined } = this.#options;
    for (const what of ['the end', 'a clean stop']) {
      if (this.outcome.violations.length > 0) return;
      const broker = this.#spawn();
      const ready = await this.#ready(broker);
      if (ready === undefined) return;
      this.#judgeStart(ready);
      await Promise.all(this.#senders.map((sender) => sender.settle()));
      progress(`after ${what}: ${await this.#verify()}`);
      await Promise.all(this.#senders.map((sender) => sender.close()));
      this.#senders = [];
      await broker.stop();
      this.#broker = undefined;
      this.#history.endRound(round, 'clean');
    }
  }

  #spawn(): SpawnedBroker {
    const { mode } = this.#options;
    this.#history.beginRound();
    this.#broker = spawnBroker({
      directory: this.#dataDirectory,
      port: this.#port,
      properties: {
        'log.retention.check.interval.ms': 300,
        'log.initial.task.delay.ms': 100,
        'num.partitions': 1,
      },
      environment: { FAULT_FS: mode, FAULT_SEED: String(this.#random.uint32()) },
    });
    return this.#broker;
  }

  /** A node that does not come back has broken every promise at once. */
  async #ready(broker: SpawnedBroker): Promise<Ready | undefined> {
    try {
      return await broker.ready;
    } catch (cause) {
      this.outcome.violations.push(messageOf(cause));
      return undefined;
    }
  }

  /** Nobody damaged anything: whatever recovery finds torn was torn by the loss of power, and nothing is suspect. */
  #judgeStart({ port, recoveries }: Ready): void {
    this.#port = port;
    const { violations } = this.outcome;
    const { ending, round } = this.#history.lastRound;
    for (const report of recoveries) {
      this.outcome.scannedBytes += report.scannedBytes;
      this.outcome.cutBytes += report.cutBytes;
      this.outcome.tornLogs += report.tornLogs;
      this.outcome.journalRounds += report.journal.rounds;
      this.outcome.journalTornBytes += report.journal.tornBytes;
      this.outcome.unsealedTails += report.journal.unsealedTails;
      if (report.corruption.length > 0 || report.suspectLogs > 0) {
        violations.push(`${report.suspectLogs} logs are suspect: ${report.corruption.join('; ')}`);
      }
      if (round === 0 || ending !== 'clean') continue;
      if (!report.cleanShutdown || report.scannedBytes > 0)
        violations.push(`after a clean stop ${report.scannedBytes} bytes were scanned`);
    }
  }

  /** A losing disk writes into the log what it took at the start. */
  #countLosses(testimony: string): void {
    for (const [, lost, torn] of testimony.matchAll(/"lostOperations":(\d+),"tornWrites":(\d+)/g)) {
      this.outcome.lostOperations += Number(lost);
      this.outcome.tornWrites += Number(torn);
      this.outcome.powerLosses += 1;
    }
  }

  /** Reads everything and compares; returns a sentence about it. */
  async #verify(): Promise<string> {
    await using client = openClient({ bootstrapServers: this.#bootstrapServers() });
    await using admin = client.admin();
    const { violations } = this.outcome;
    violations.push(...this.#history.settle(await admin.listTopics()));
    if (violations.length > 0) return 'topics are wrong';
    const partitions = [...this.#livePartitions()];
    const histories = partitions.map(({ known, topicId, partition }) =>
      this.#history.of(known, topicId, partition),
    );
    const readings = await readPartitions(client, partitions);
    const reports = readings.map((reading, index): Report => {
      const history = histories[index];
      if (history === undefined) throw new Error('more readings than partitions');
      const { target, refusal } = reading;
      if (refusal !== undefined) violations.push(`${target.topic}/${target.partition}: ${refusal}`);
      return checkPartition(history, reading);
    });
    const total = combineReports(reports);
    for (const { kind, topic, partition, offset, what } of total.violations.slice(0, 20))
      violations.push(`${kind} ${topic}/${partition}@${offset}: ${what}`);
    for (const reading of readings) {
      if (violations.length === 0)
        this.#history.observe(reading.target.topicId, reading.target.partition, reading);
    }
    const { confirmed, unacknowledged, repeated } = total;
    Object.assign(this.outcome, { confirmed, unacknowledged, repeated });
    this.outcome.verifications += 1;
    this.outcome.deletedByRetention = readings.reduce((sum, { logStartOffset }) => sum + logStartOffset, 0);
    const bytes = readings.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    return `${confirmed} acknowledged and ${unacknowledged} other records in ${Math.round(bytes / 1024)} KiB`;
  }

  /** Sends, and ends the process in the midst of it. Returns a sentence about it. */
  async #load(round: number, plan: 'load' | 'clean'): Promise<string> {
    const broker = this.#broker;
    if (broker === undefined) throw new Error('there is no broker to load');
    const { violations } = this.outcome;
    const trouble = (why: string): void => {
      if (violations.length < 20) violations.push(why);
    };
    const bootstrapServers = this.#bootstrapServers();
    await this.#createLastingTopics();
    const before = this.#history.acknowledged;
    const newSenders = 2 + this.#random.below(3);
    for (let index = 0; index < newSenders; index++) {
      const name = `s${this.#options.seed}.r${round}.${index}`;
      const random = this.#random.fork(name);
      this.#senders.push(openSender({ bootstrapServers, history: this.#history, random, name, trouble }));
    }
    const targets = this.#targets();
    for (const sender of this.#senders) sender.start(targets, this.#options.eagerBytes);
    const name = `s${this.#options.seed}.r${round}.churn`;
    const churn = startChurn({
      ...{ bootstrapServers, name, trouble },
      history: this.#history,
      random: this.#random.fork(name),
    });
    const durationMs = 50 + this.#random.below(1500);
    await sleep(durationMs);
    for (const sender of this.#senders) sender.expectFailures(true);
    churn.expectFailures();
    const end = plan === 'load' ? broker.kill() : broker.stop();
    // The load ends while the process does, or some time after it.
    if (this.#random.below(2) === 0) await end;
    await Promise.all(this.#senders.map((sender) => sender.pause()));
    await churn.end();
    await end;
    await this.#partWithSenders();
    if (plan === 'load') this.outcome.kills.underLoad += 1;
    else this.outcome.cleanStops += 1;
    const acknowledged = this.#history.acknowledged - before;
    const ending: Ending = plan === 'clean' ? 'clean' : 'killed';
    return `, ${acknowledged} acknowledged in ${durationMs} ms, ${ending}`;
  }

  /** Some idempotent producers live on and send again what was not answered; the log must have it once. */
  async #partWithSenders(): Promise<void> {
    const staying: Sender[] = [];
    for (const sender of this.#senders) {
      if (sender.isIdempotent && staying.length < 2 && this.#random.below(2) === 0) staying.push(sender);
      else await sender.close();
    }
    this.#senders = staying;
  }

  async #createLastingTopics(): Promise<void> {
    await using client = openClient({ bootstrapServers: this.#bootstrapServers() });
    const lasting = [
      { name: 'steady', partitions: this.#options.partitions, keepsBytes: undefined },
      { name: 'retained', partitions: 2, keepsBytes: RETENTION_BYTES - TORN_BYTES },
    ];
    for (const topic of lasting) {
      if (this.#history.topics.some(({ name, state }) => name === topic.name && state.kind === 'live'))
        continue;
      await createTopic(client, this.#history, topic);
    }
  }

  /** However many partitions the largest topic has, retention has something to do elsewhere. */
  #targets(): readonly SendTarget[] {
    const live = [...this.#livePartitions()];
    const steady = live.filter(({ topic }) => topic === 'steady');
    const retained = live.filter(({ topic }) => topic === 'retained');
    return [...steady, ...steady.flatMap((_, index) => (index % 8 === 0 ? retained : []))];
  }

  *#livePartitions(): Iterable<SendTarget & { readonly known: KnownTopic }> {
    for (const known of this.#history.topics) {
      if (known.state.kind !== 'live') continue;
      const { topicId } = known.state;
      for (let partition = 0; partition < known.partitions; partition++)
        yield { known, topic: known.name, topicId, partition };
    }
  }

  #bootstrapServers(): string {
    return `127.0.0.1:${this.#port}`;
  }
}

const createTopic = async (
  client: Client,
  history: History,
  topic: Pick<KnownTopic, 'name' | 'partitions' | 'keepsBytes'>,
): Promise<void> => {
  const creating: KnownTopic = { ...topic, state: { kind: 'creating' } };
  history.note(creating);
  await using admin = client.admin();
  const [outcome] = await admin.createTopics([
    {
      name: topic.name,
      partitions: topic.partitions,
      replicationFactor: 1,
      configs: {
        'segment.bytes': String(SEGMENT_BYTES),
        'retention.ms': '-1',
        'retention.bytes': topic.keepsBytes === undefined ? '-1' : String(RETENTION_BYTES),
        'file.delete.delay.ms': '100',
      },
    },
  ]);
  if (outcome?.kind !== 'done') {
    throw new Error(`${topic.name} was not created: ${outcome?.error.message}`);
  }
  history.note({ ...creating, state: { kind: 'live', topicId: outcome.value.topicId } }, creating);
};

const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));
