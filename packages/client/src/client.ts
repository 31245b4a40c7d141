import { silentLogger } from '@kafkaesque/kernel';
import type { Clock, Logger, Random } from '@kafkaesque/kernel';
import type { Admin } from './admin/admin';
import { ClusterAdmin } from './admin/cluster-admin';
import { ClusterView } from './cluster/cluster-view';
import type { Peers } from './cluster/cluster-view';
import type { Consumer } from './consumer/consumer';
import type { ConsumerOptions } from './consumer/consumer-options';
import { consumerSettings } from './consumer/consumer-settings';

import { ClientError } from './errors';
import { GroupConsumer } from './groups/group-consumer';
import { groupSettings } from './groups/group-settings';
import type { Producer } from './producer/producer';
import type { ProducerOptions } from './producer/producer-options';
import { producerSettings } from './producer/producer-settings';
import { RecordProducer } from './producer/record-producer';
import { machineClock } from './timing/machine-clock';
import { machineRandom } from './timing/machine-random';
import { KafkaWire } from './wire/kafka-wire';
import type { Wire } from './wire/wire';

/** What `openClient` is given. Names and defaults are those of Kafka's clients; only where to connect must be said. */
export interface ClientOptions {
  /** `host:port,host:port`, or the same as a list; `kafka://host:port` is understood too. Not together with `wire`. */
  readonly bootstrapServers?: string | readonly string[] | undefined;
  /**
   * As `bootstrapServers`, but the listeners of controllers, for an admin that works while no broker does (KIP-919).
   * Such a client has no producers and consumers. Not together with `bootstrapServers`.
   */
  readonly bootstrapControllers?: string | readonly string[] | undefined;
  /** A wire that somebody else opened and closes. */
  readonly wire?: Wire | undefined;
  readonly clientId?: string | undefined;
  readonly requestTimeoutMs?: number | undefined;
  /** `metadata.max.age.ms`. Default 300000. */
  readonly metadataMaxAgeMs?: number | undefined;
  /** Time and chance; the machine's own when absent. */
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  readonly logger?: Logger | undefined;
}

/** A cluster that one process talks to: one wire and one view of its metadata for all that is opened from it. */
export interface Client extends AsyncDisposable {
  readonly wire: Wire;
  /** A producer with its own buffer and producer id. */
  producer(options?: ProducerOptions): Producer;
  /** A consumer without partitions: `assign` gives it some, or with a `groupId` its group after `subscribe`. */
  consumer(options?: ConsumerOptions): Consumer;
  /** Administration of the cluster. `apiTimeoutMs` bounds calls that name no time; default 60000. */
  admin(options?: { readonly apiTimeoutMs?: number | undefined }): Admin;
  /** Closes what was opened from it, producers after flushing. */
  close(): Promise<void>;
}

/** Opens nothing yet: the first call that needs the cluster connects. */
export const openClient = (options: ClientOptions): Client => new ClusterClient(options);

interface Closable {
  close(): Promise<void>;
}

const DEFAULT_API_TIMEOUT_MS = 60_000;

class ClusterClient implements Client {
  readonly wire: Wire;
  readonly #ownsWire: boolean;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #peers: Peers;
  readonly #cluster: ClusterView;
  readonly #requestTimeoutMs: number;
  readonly #open = new Set<Closable>();

  constructor(options: ClientOptions) {
    this.#clock = options.clock ?? machineClock;
    this.#random = options.random ?? machineRandom();
    this.#logger = options.logger ?? silentLogger;
    this.#requestTimeoutMs = options.requestTimeoutMs ?? 30_000;
    this.#peers = options.bootstrapControllers === undefined ? 'brokers' : 'controllers';
    this.#ownsWire = options.wire === undefined;
    this.wire = options.wire ?? this.#openWire(options);
    this.#cluster = new ClusterView({
      wire: this.wire,
      peers: this.#peers,
      clock: this.#clock,
      random: this.#random,
      logger: this.#logger,
      maxAgeMs: options.metadataMaxAgeMs ?? 300_000,
      requestTimeoutMs: this.#requestTimeoutMs,
      backoff: { firstMs: 100, maxMs: 1000 },
    });
  }

  producer(options: ProducerOptions = {}): Producer {
    this.#refuseControllers('a producer');
    const settings = producerSettings({ requestTimeoutMs: this.#requestTimeoutMs, ...options });
    return this.#opened((closed) => new RecordProducer({ ...this.#world(), settings, closed }));
  }

  consumer(options: ConsumerOptions = {}): Consumer {
    this.#refuseControllers('a consumer');
    const settings = consumerSettings({ requestTimeoutMs: this.#requestTimeoutMs, ...options });
    const group = groupSettings(options);
    return this.#opened((closed) => new GroupConsumer({ ...this.#world(), settings, group, closed }));
  }

  admin(options: { readonly apiTimeoutMs?: number | undefined } = {}): Admin {
    const apiTimeoutMs = options.apiTimeoutMs ?? DEFAULT_API_TIMEOUT_MS;
    const requestTimeoutMs = this.#requestTimeoutMs;
    return this.#opened(
      (closed) => new ClusterAdmin({ ...this.#world(), apiTimeoutMs, requestTimeoutMs, closed }),
    );
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map((one) => one.close()));
    if (this.#ownsWire) await this.wire.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #world(): { cluster: ClusterView; clock: Clock; random: Random; logger: Logger } {
    return { cluster: this.#cluster, clock: this.#clock, random: this.#random, logger: this.#logger };
  }

  #opened<One extends Closable>(open: (closed: () => void) => One): One {
    const one = open(() => this.#open.delete(one));
    this.#open.add(one);
    return one;
  }

  #refuseControllers(what: string): void {
    if (this.#peers === 'brokers') return;
    throw new ClientError(
      'usage',
      'INVALID_CONFIG',
      `${what} needs brokers: open the client with bootstrapServers instead of bootstrapControllers`,
    );
  }

  #openWire(options: ClientOptions): Wire {
    const { bootstrapControllers, clientId } = options;
    if (options.bootstrapServers !== undefined && bootstrapControllers !== undefined) {
      throw new ClientError(
        'usage',
        'INVALID_CONFIG',
        'bootstrapServers and bootstrapControllers exclude each other: name the nodes to talk to',
      );
    }
    const bootstrapServers = options.bootstrapServers ?? bootstrapControllers;
    if (bootstrapServers === undefined) {
      throw new ClientError(
        'usage',
        'INVALID_CONFIG',
        'a client needs bootstrapServers, for example localhost:9092',
      );
    }
    return new KafkaWire({
      bootstrapServers,
      clientId,
      requestTimeoutMs: this.#requestTimeoutMs,
      clock: this.#clock,
      random: this.#random,
      logger: this.#logger,
    });
  }
}
