import type { CompressionName, ProducerOptions } from '@kafkaesque/client';
import { isClientError, openClient } from '@kafkaesque/client';
import type { Random } from '@kafkaesque/kernel';
import type { SentValue } from './acknowledged';
import type { History } from './history';
import { valueOf } from './values';

/** A partition that is sent to. */
export interface SendTarget {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
}

export interface SenderOptions {
  readonly bootstrapServers: string;
  readonly history: History;
  readonly random: Random;
  /** Never used before. */
  readonly name: string;
  /** Told why a record failed, while the node was meant to serve. */
  readonly trouble: (why: string) => void;
}

/** A producer with traits drawn by lot that sends records as long as it is told to. */
export interface Sender {
  readonly isIdempotent: boolean;
  readonly outstanding: number;
  /** Sends until `pause`, at first as fast as acknowledgements come, then slowly. */
  start(targets: readonly SendTarget[], eagerBytes: number): void;
  /** Nothing new is sent; what is on its way stays on its way. */
  pause(): Promise<void>;
  /** From now on failures are what one expects of a node that is not there. */
  expectFailures(isExpected: boolean): void;
  /** Waits until everything on its way is answered. */
  settle(): Promise<void>;
  /** Gives up whatever is on its way. */
  close(): Promise<void>;
}

const CODECS: readonly CompressionName[] = ['none', 'none', 'gzip', 'snappy', 'lz4', 'zstd'];
const BATCH_SIZES = [1000, 16_384, 65_536, 262_144] as const;
const MOST_OUTSTANDING = 100;

/** Few producers are eager to retry without idempotence; some of them do not retry at all. */
const drawOptions = (random: Random): ProducerOptions & { readonly idempotence: boolean } => {
  const idempotence = random.below(3) > 0;
  const retries = !idempotence && random.below(2) === 0 ? { retries: 0 } : {};
  return {
    acks: -1,
    idempotence,
    ...retries,
    compression: CODECS[random.below(CODECS.length)],
    lingerMs: random.below(3) * 3,
    batchSizeBytes: BATCH_SIZES[random.below(BATCH_SIZES.length)],
    maxInFlight: 1 + random.below(5),
  };
};

/** From 100 bytes to 200 KB, mostly small. */
const drawSize = (random: Random): number => {
  const draw = random.fraction();
  if (draw < 0.7) return 100 + random.below(1900);
  return draw < 0.96 ? 2000 + random.below(18_000) : 20_000 + random.below(180_000);
};

export const openSender = (options: SenderOptions): Sender => new DrawnSender(options);

class DrawnSender implements Sender {
  readonly isIdempotent: boolean;
  readonly #options: SenderOptions;
  readonly #client;
  readonly #producer;
  #sequence = 0;
  #outstanding = 0;
  #isActive = false;
  #failuresExpected = false;
  #running: Promise<void> = Promise.resolve();
  #changed: () => void = () => undefined;

  constructor(options: SenderOptions) {
    this.#options = options;
    const drawn = drawOptions(options.random);
    this.isIdempotent = drawn.idempotence;
    this.#client = openClient({
      bootstrapServers: options.bootstrapServers,
      clientId: options.name,
      random: options.random.fork('client'),
    });
    this.#producer = this.#client.producer(drawn);
  }

  get outstanding(): number {
    return this.#outstanding;
  }

  start(targets: readonly SendTarget[], eagerBytes: number): void {
    this.#isActive = true;
    this.#failuresExpected = false;
    this.#running = this.#run(targets, eagerBytes);
  }

  async pause(): Promise<void> {
    this.#isActive = false;
    this.#changed();
    await this.#running;
  }

  expectFailures(isExpected: boolean): void {
    this.#failuresExpected = isExpected;
  }

  async settle(): Promise<void> {
    await this.#producer.flush();
    while (this.#outstanding > 0) await this.#change(1000);
  }

  async close(): Promise<void> {
    this.#failuresExpected = true;
    await this.pause();
    await this.#producer.close({ timeoutMs: 0 });
    await this.#client.close();
  }

  async #run(targets: readonly SendTarget[], eagerBytes: number): Promise<void> {
    const { random } = this.#options;
    let sentBytes = 0;
    while (this.#isActive && targets.length > 0) {
      for (let burst = 1 + random.below(20); burst > 0; burst--) {
        const target = targets[random.below(targets.length)];
        if (target !== undefined) sentBytes += this.#send(target, drawSize(random));
      }
      if (sentBytes > eagerBytes) await this.#change(50);
      else if (random.below(4) === 0) await this.#change(random.below(10));
      await this.#room();
    }
  }

  async #room(): Promise<void> {
    while (this.#isActive && this.#outstanding >= MOST_OUTSTANDING) await this.#change(1000);
  }

  #send({ topic, topicId, partition }: SendTarget, sizeBytes: number): number {
    const { name, history, trouble } = this.#options;
    const sent: SentValue = { producer: name, sequence: this.#sequence++, isIdempotent: this.isIdempotent };
    const value = valueOf(sent, { topic, partition }, sizeBytes);
    this.#outstanding += 1;
    this.#producer
      .send({ topic, partition, value })
      .then(
        ({ offset }) => history.acknowledge(topicId, partition, offset, sent),
        (error: unknown) => {
          const code = isClientError(error) ? error.code : String(error);
          if (!this.#failuresExpected) trouble(`${name} could not send to ${topic}/${partition}: ${code}`);
        },
      )
      .finally(() => {
        this.#outstanding -= 1;
        this.#changed();
      });
    return value.length;
  }

  /** Waits for the next answer, at most so long. */
  #change(mostMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, mostMs);
      this.#changed = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
