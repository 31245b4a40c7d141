import { openClient } from '@kafkaesque/client';
import type { Client, Consumer } from '@kafkaesque/client';
import { openHistory } from '@kafkaesque/testkit';
import type { Call, HistoryEvent, PolledRecord, RecordAction } from '@kafkaesque/testkit';
import { sleep, until } from './process-cluster';
import type { SendOutcome, SendingLane } from './sending-lanes';
import { kafkajsLane, ownLane, platformaticLanes } from './sending-lanes';

export interface LogWorkloadOptions {
  readonly bootstrapServers: string;
  readonly topic: string;
  readonly partitions: number;
  /** Between two sends of a lane: each library has one for each partition, so that nobody waits for another partition. */
  readonly pauseMs: number;
  /** How long a client waits for an answer; default: 3,000. */
  readonly requestTimeoutMs?: number | undefined;
}

const now = (): number => performance.now();

/**
 * Sends unique values to all partitions with idempotent producers of three libraries, reads them with a consumer of
 * assigned partitions, and writes down what all of them are told: Jepsen's queue workload.
 */
export class LogWorkload {
  readonly #options: LogWorkloadOptions;
  readonly #history = openHistory(now);
  readonly #client: Client;
  readonly #lanes: readonly SendingLane[];
  readonly #lastAcknowledgedMs = new Map<number, number>();
  readonly #outcomes = new Map<string, number>();
  readonly #troubles = new Map<string, number>();
  #running: readonly Promise<void>[] = [];
  #isOver = false;

  constructor(options: LogWorkloadOptions) {
    this.#options = options;
    const { bootstrapServers, partitions, requestTimeoutMs } = options;
    this.#client = openClient({ bootstrapServers, clientId: 'reader', requestTimeoutMs: 3000 });
    const numbers = this.#all();
    this.#lanes = [
      ...numbers.map((lane) => kafkajsLane(bootstrapServers, `kafkajs-${lane}`, requestTimeoutMs)),
      ...numbers.map((lane) => ownLane(bootstrapServers, `own-${lane}`, requestTimeoutMs)),
      ...platformaticLanes(bootstrapServers, partitions, requestTimeoutMs),
    ];
  }

  get events(): readonly HistoryEvent[] {
    return this.#history.events;
  }

  /** How many sends of each library ended in which way, and the failures by their words. */
  get tally(): string {
    const shown = (counts: ReadonlyMap<string, number>): string =>
      [...counts].map(([name, count]) => `${count} ${name}`).join(', ');
    return [shown(this.#outcomes), shown(this.#troubles)].filter((line) => line !== '').join('; ');
  }

  logName(partition: number): string {
    return `${this.#options.topic}/${partition}`;
  }

  start(): void {
    this.#running = [
      ...this.#lanes.map((lane, index) => this.#send(lane, index)),
      this.#read(this.#client.consumer()),
    ];
  }

  /** Waits until something that was sent after `sinceMs` is acknowledged in each of these partitions. */
  async acknowledgedSince(sinceMs: number, partitions: readonly number[] = this.#all()): Promise<void> {
    await until(
      'not all partitions acknowledge',
      () =>
        partitions.every((partition) => (this.#lastAcknowledgedMs.get(partition) ?? 0) > sinceMs) ||
        undefined,
      () => this.tally,
    );
  }

  /** What is under way is waited for; then another process reads everything from the beginning. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#running);
    await Promise.all(this.#lanes.map((lane) => lane.close()));
    await this.#readAll();
    await this.#client.close();
  }

  #all(): readonly number[] {
    return Array.from({ length: this.#options.partitions }, (_, partition) => partition);
  }

  async #send(lane: SendingLane, index: number): Promise<void> {
    const { topic, partitions, pauseMs } = this.#options;
    const partition = index % partitions;
    let process = this.#history.newProcess();
    for (let count = 0; !this.#isOver; count++) {
      const value = `${lane.library}-${index}-${count}`;
      const log = this.logName(partition);
      const startedMs = now();
      const done = this.#history.invoke(process, records({ kind: 'send', log, value }));
      const outcome = await lane.send({ topic, partition, value });
      const { kind } = outcome;
      const offset = kind === 'ok' ? outcome.offset : undefined;
      done(kind, records({ kind: 'send', log, value, ...(offset === undefined ? {} : { offset }) }));
      this.#count(lane, outcome);
      if (kind === 'ok') {
        const last = this.#lastAcknowledgedMs.get(partition) ?? 0;
        this.#lastAcknowledgedMs.set(partition, Math.max(last, startedMs));
      } else {
        // Whoever does not know what became of the last one is somebody else from now on.
        process = this.#history.newProcess();
        await sleep(100);
      }
      await sleep(pauseMs);
    }
  }

  #count({ library }: SendingLane, outcome: SendOutcome): void {
    const name = `${library} ${outcome.kind}`;
    this.#outcomes.set(name, (this.#outcomes.get(name) ?? 0) + 1);
    if (outcome.kind === 'ok') return;
    const why = `${library}: ${outcome.why.slice(0, 120)}`;
    this.#troubles.set(why, (this.#troubles.get(why) ?? 0) + 1);
  }

  async #read(consumer: Consumer): Promise<void> {
    const process = this.#history.newProcess();
    this.#assign(consumer, process);
    while (!this.#isOver) await this.#poll(consumer, process, 200);
    await consumer.close();
  }

  #assign(consumer: Consumer, process: number): void {
    const { topic } = this.#options;
    const partitions = this.#all().map((partition) => ({ topic, partition }));
    const logs = partitions.map(({ partition }) => this.logName(partition));
    const done = this.#history.invoke(process, { kind: 'assign', logs, from: 'beginning' });
    consumer.assign(partitions);
    consumer.seekToBeginning();
    done('ok');
  }

  /** Offsets behind what each partition gave. */
  async #poll(consumer: Consumer, process: number, timeoutMs: number): Promise<ReadonlyMap<number, number>> {
    const done = this.#history.invoke(process, records());
    const byPartition = new Map<number, PolledRecord[]>();
    try {
      for (const { partition, offset, value } of await consumer.poll({ timeoutMs })) {
        const polled = byPartition.get(partition) ?? [];
        byPartition.set(partition, polled);
        polled.push({ offset, value: value?.toString() ?? '' });
      }
      const actions = [...byPartition].map(([partition, polled]): RecordAction => ({
        kind: 'poll',
        log: this.logName(partition),
        records: polled,
      }));
      done('ok', records(...actions));
    } catch (error) {
      done('info');
      const why = `reader: ${String(error).slice(0, 120)}`;
      this.#troubles.set(why, (this.#troubles.get(why) ?? 0) + 1);
      await sleep(100);
    }
    return new Map(
      [...byPartition].map(([partition, polled]) => [partition, (polled.at(-1)?.offset ?? -1) + 1]),
    );
  }

  async #readAll(): Promise<void> {
    const { topic } = this.#options;
    const process = this.#history.newProcess();
    await using consumer = this.#client.consumer();
    const partitions = this.#all().map((partition) => ({ topic, partition }));
    const ends = await consumer.endOffsets(partitions);
    this.#assign(consumer, process);
    const missing = new Map(ends.map(({ partition, value }) => [partition, value]));
    await until(
      'the end of the log is not reached',
      async () => {
        for (const [partition, reached] of await this.#poll(consumer, process, 500))
          if (reached >= (missing.get(partition) ?? 0)) missing.delete(partition);
        for (const [partition, end] of missing) if (end === 0) missing.delete(partition);
        return missing.size === 0 || undefined;
      },
      () => JSON.stringify([...missing]),
    );
  }
}

const records = (...actions: readonly RecordAction[]): Call => ({ kind: 'records', actions });
