import type { CancelWake, Clock, Logger, Random } from '@kafkaesque/kernel';
import { initialiseCodecs, recordSizeBound } from '@kafkaesque/protocol';
import type { RecordDraft } from '@kafkaesque/protocol';
import type { ClusterView } from '../cluster/cluster-view';
import { ClientError } from '../errors';
import type { ProducerRecord, RecordMetadata } from '../records';
import { ChangeSignal } from '../timing/change-signal';
import { abortedError } from '../timing/waiting';
import { Accumulator } from './accumulator';
import { BatchSender } from './batch-sender';
import type { Completion } from './producer-batch';
import type { Producer } from './producer';
import type { ProducerSettings } from './producer-settings';

export interface RecordProducerOptions {
  readonly cluster: ClusterView;
  readonly settings: ProducerSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly closed: () => void;
}

/** A record that waits for metadata or memory before it joins a batch. */
interface Entry {
  readonly draft: RecordDraft;
  readonly partition: number | undefined;
  readonly completion: Completion;
  readonly deadlineMs: number;
  /** The topic was looked up again because it lacked the partition asked for. */
  hasLookedAgain: boolean;
}

/** Room for header, base offset and the like in the batch of a single record. */
const BATCH_OVERHEAD_BYTES = 61;
/** Records that may wait without memory: a caller who sends more without waiting for `ready` is refused. */
const MAX_WAITING_ENTRIES = 100_000;

/** The Producer above a cluster view: takes records in, in order of their calls, and lets the sender carry them off. */
export class RecordProducer implements Producer {
  readonly #options: RecordProducerOptions;
  readonly #accumulator: Accumulator;
  readonly #sender: BatchSender;
  /** Records by topic in call order; normally empty, because metadata and memory are there. */
  readonly #intake = new Map<string, Entry[]>();
  readonly #lookups = new Set<string>();
  readonly #changed = new ChangeSignal();
  readonly #codecs: Promise<void> | undefined;
  #hasCodecs: boolean;
  #waitingEntries = 0;
  #flushing = 0;
  #isClosed = false;
  #cancelWake: CancelWake | undefined;

  constructor(options: RecordProducerOptions) {
    const { cluster, settings, clock, random, logger } = options;
    this.#options = options;
    this.#accumulator = new Accumulator(settings, random);
    this.#sender = new BatchSender({
      cluster,
      settings,
      clock,
      random,
      logger,
      accumulator: this.#accumulator,
      isHurried: () => this.#flushing > 0 || this.#isClosed || this.#waitingEntries > 0,
      answered: () => this.#answered(),
    });
    this.#hasCodecs = settings.codec !== 'zstd';
    this.#codecs = this.#hasCodecs ? undefined : initialiseCodecs().then(() => void (this.#hasCodecs = true));
  }

  send(
    record: ProducerRecord,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<RecordMetadata> {
    const { clock, settings } = this.#options;
    return new Promise((resolve, reject) => {
      const { signal } = options;
      const refusal = this.#refusal(signal);
      if (refusal !== undefined) {
        reject(refusal);
        return;
      }
      const draft = draftOf(record);
      const sizeBytes = recordSizeBound(draft);
      const tooLarge = sizeError(sizeBytes, settings);
      if (tooLarge !== undefined) {
        reject(tooLarge);
        return;
      }
      const timestampMs = record.timestampMs ?? clock.wallMs();
      const completion =
        signal === undefined
          ? { timestampMs, sizeBytes, resolve, reject }
          : this.#abortable(signal, { timestampMs, sizeBytes, resolve, reject });
      const deadlineMs = clock.monotonicMs() + settings.maxBlockMs;
      this.#enter(record.topic, {
        draft,
        partition: record.partition,
        completion,
        deadlineMs,
        hasLookedAgain: false,
      });
    });
  }

  async flush(): Promise<void> {
    this.#flushing += 1;
    try {
      const waiting = [...this.#intake.values()].flat();
      while (waiting.some((entry) => this.#isWaiting(entry))) await this.#changed.wait();
      this.#sender.wake();
      await Promise.all(
        [...this.#accumulator.active].flatMap((queue) => queue.batches.map((batch) => batch.done())),
      );
    } finally {
      this.#flushing -= 1;
    }
  }

  async ready(): Promise<void> {
    while (!this.#isClosed && (this.#waitingEntries > 0 || !this.#accumulator.hasRoomFor(1))) {
      await this.#changed.wait();
    }
  }

  async close(options: { readonly timeoutMs?: number | undefined } = {}): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { clock, closed } = this.#options;
    const flushed = this.flush();
    if (options.timeoutMs === undefined) await flushed;
    else {
      let cancel: CancelWake = () => undefined;
      const timeUp = new Promise<void>((resolve) => {
        cancel = clock.wakeAt(clock.monotonicMs() + (options.timeoutMs ?? 0), resolve);
      });
      await Promise.race([flushed, timeUp]);
      cancel();
    }
    this.#abandon();
    closed();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #refusal(signal: AbortSignal | undefined): ClientError | undefined {
    if (this.#isClosed) return new ClientError('closed', 'CLOSED', 'the producer was closed');
    if (signal?.aborted === true) return abortedError(signal);
    if (this.#waitingEntries < MAX_WAITING_ENTRIES) return undefined;
    return new ClientError(
      'limit',
      'BUFFER_FULL',
      `${MAX_WAITING_ENTRIES} records wait for room in buffer.memory; wait for ready() before sending more`,
      { retriable: true },
    );
  }

  #abortable(signal: AbortSignal, completion: Completion): Completion {
    const abort = (): void => completion.reject(abortedError(signal));
    signal.addEventListener('abort', abort, { once: true });
    return {
      ...completion,
      resolve: (metadata) => {
        signal.removeEventListener('abort', abort);
        completion.resolve(metadata);
      },
      reject: (error) => {
        signal.removeEventListener('abort', abort);
        completion.reject(error);
      },
    };
  }

  #enter(topic: string, entry: Entry): void {
    const entries = this.#intake.get(topic);
    this.#waitingEntries += 1;
    if (entries === undefined) this.#intake.set(topic, [entry]);
    else entries.push(entry);
    this.#drain(topic);
  }

  #isWaiting(entry: Entry): boolean {
    return [...this.#intake.values()].some((entries) => entries.includes(entry));
  }

  /** Moves a topic's records into batches, in order, until one has to wait. */
  #drain(topic: string): void {
    const entries = this.#intake.get(topic);
    if (entries === undefined) return;
    const { cluster, clock } = this.#options;
    let moved = 0;
    for (const entry of entries) {
      const view = cluster.known(topic);
      if (view === undefined || !this.#hasCodecs) {
        void this.#lookUp(topic);
        break;
      }
      const { partition } = entry;
      if (partition !== undefined && view.partitions[partition] === undefined) {
        if (!entry.hasLookedAgain) {
          entry.hasLookedAgain = true;
          cluster.invalidate(topic);
          void this.#lookUp(topic);
          break;
        }
        entry.completion.reject(noSuchPartition(topic, partition, view.partitions.length));
      } else if (this.#accumulator.hasRoomFor(entry.completion.sizeBytes)) {
        this.#accumulator.append(view, entry.draft, partition, entry.completion, clock.monotonicMs());
      } else {
        this.#watchDeadlines();
        break;
      }
      moved += 1;
    }
    entries.splice(0, moved);
    this.#waitingEntries -= moved;
    if (entries.length === 0) this.#intake.delete(topic);
    this.#sender.wake();
    if (moved > 0) this.#changed.raise();
  }

  async #lookUp(topic: string): Promise<void> {
    if (this.#lookups.has(topic)) return;
    this.#lookups.add(topic);
    const { cluster, settings } = this.#options;
    try {
      await this.#codecs;
      await cluster.topic(topic, { timeoutMs: settings.maxBlockMs });
    } catch (error) {
      this.#failEntries(topic, () => true, error);
    }
    this.#lookups.delete(topic);
    this.#drain(topic);
  }

  #answered(): void {
    for (const topic of [...this.#intake.keys()]) this.#drain(topic);
    this.#changed.raise();
  }

  /** Records that wait for memory longer than `max.block.ms` fail. */
  #watchDeadlines(): void {
    if (this.#cancelWake !== undefined) return;
    const { clock, settings } = this.#options;
    const deadlineMs = Math.min(
      ...[...this.#intake.values()].map((entries) => entries[0]?.deadlineMs ?? Infinity),
    );
    this.#cancelWake = clock.wakeAt(deadlineMs, () => {
      this.#cancelWake = undefined;
      const nowMs = clock.monotonicMs();
      const error = new ClientError(
        'limit',
        'BUFFER_FULL',
        `no room in the ${settings.bufferBytes} bytes of buffer.memory within max.block.ms of ${settings.maxBlockMs} ms`,
        { retriable: true },
      );
      for (const topic of [...this.#intake.keys()])
        this.#failEntries(topic, (entry) => entry.deadlineMs <= nowMs, error);
      if (this.#intake.size > 0) this.#watchDeadlines();
    });
  }

  #failEntries(topic: string, isOut: (entry: Entry) => boolean, error: unknown): void {
    const entries = this.#intake.get(topic) ?? [];
    const kept = entries.filter((entry) => !isOut(entry));
    for (const entry of entries) if (isOut(entry)) entry.completion.reject(error);
    this.#waitingEntries -= entries.length - kept.length;
    if (kept.length === 0) this.#intake.delete(topic);
    else this.#intake.set(topic, kept);
    this.#changed.raise();
  }

  /** Whatever is still unanswered fails; nothing runs on. */
  #abandon(): void {
    this.#cancelWake?.();
    this.#sender.stop();
    const message = 'the producer was closed before the record was acknowledged';
    for (const topic of [...this.#intake.keys()]) {
      this.#failEntries(topic, () => true, new ClientError('closed', 'CLOSED', message));
    }
    for (const queue of this.#accumulator.active) {
      for (const batch of queue.batches) {
        const effect = batch.attempts > 0 ? 'indefinite' : 'definite';
        batch.fail(() => new ClientError('closed', 'CLOSED', message, { effect }));
      }
    }
    this.#changed.raise();
  }
}

const bytesOf = (value: Buffer | string | null | undefined): Buffer | null =>
  typeof value === 'string' ? Buffer.from(value) : (value ?? null);

const draftOf = (record: ProducerRecord): RecordDraft => ({
  key: bytesOf(record.key),
  value: bytesOf(record.value),
  ...(record.headers === undefined
    ? {}
    : { headers: record.headers.map(({ key, value }) => ({ key, value: bytesOf(value) })) }),
});

const sizeError = (sizeBytes: number, settings: ProducerSettings): ClientError | undefined => {
  const total = sizeBytes + BATCH_OVERHEAD_BYTES;
  const [limit, name] =
    total > settings.maxRequestSizeBytes
      ? [settings.maxRequestSizeBytes, 'max.request.size']
      : [settings.bufferBytes, 'buffer.memory'];
  if (total <= limit) return undefined;
  return new ClientError(
    'limit',
    'RECORD_TOO_LARGE',
    `The message is ${total} bytes when serialized which is larger than ${limit}, which is the value of the ${name} configuration.`,
  );
};

const noSuchPartition = (topic: string, partition: number, count: number): ClientError =>
  new ClientError(
    'usage',
    'NO_SUCH_PARTITION',
    `topic ${topic} has ${count} partition(s); there is no partition ${partition}`,
  );
