import { BrokerId, silentLogger } from '@kafkaesque/kernel';
import type { Clock, Connection, Logger, Random } from '@kafkaesque/kernel';
import { apis } from '@kafkaesque/protocol';
import type { ApiName, ResponseOf } from '@kafkaesque/protocol';
import { connect } from '@kafkaesque/transport';
import type { ConnectOptions } from '@kafkaesque/transport';
import { ClientError } from '../errors';
import { machineClock } from '../timing/machine-clock';
import { machineRandom } from '../timing/machine-random';
import { backoffMs, sleep } from '../timing/waiting';
import type { BackoffRange } from '../timing/waiting';
import { hostPortText, parseBootstrapServers } from './addresses';
import type { HostPort } from './addresses';
import { openKafkaFetchStream } from './kafka-fetch-stream';
import { KafkaLink } from './kafka-link';
import type {
  Capabilities,
  DraftFor,
  FetchOptions,
  FetchStream,
  NodeAddress,
  RequestLine,
  RequestOptions,
  Wire,
} from './wire';

/** How a `KafkaWire` finds its cluster and how patient it is. Defaults are Kafka's. */
export interface KafkaWireOptions {
  readonly bootstrapServers: string | readonly string[];
  /** `client.id`. Default: kafkaesque. */
  readonly clientId?: string | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  readonly logger?: Logger | undefined;
  /** `request.timeout.ms` of requests that name none. Default 30000. */
  readonly requestTimeoutMs?: number | undefined;
  /** `socket.connection.setup.timeout.ms`. Default 10000. */
  readonly connectTimeoutMs?: number | undefined;
  /** `reconnect.backoff.ms` and `reconnect.backoff.max.ms`. Defaults 50 and 1000. */
  readonly reconnectBackoff?: BackoffRange | undefined;
  /** A longer answer ends the connection. Default 1 GiB. */
  readonly maxResponseBytes?: number | undefined;
  /** How connections are made; transport's `connect` unless a simulation brings its own. */
  readonly dial?: ((options: ConnectOptions) => Promise<Connection>) | undefined;
}

interface Settings {
  readonly clientId: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly requestTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly reconnectBackoff: BackoffRange;
  readonly maxResponseBytes: number;
  readonly dial: (options: ConnectOptions) => Promise<Connection>;
}

/** A broker as the wire knows it: an address, at most one link for requests, and how dialling went lately. */
interface KafkaNode {
  readonly id: BrokerId;
  address: HostPort;
  link: KafkaLink | undefined;
  failures: number;
  notBeforeMs: number;
  readonly closedListeners: Set<() => void>;
}

/** Bootstrap addresses are nodes -2, -3, …: -1 means "no node". */
const FIRST_BOOTSTRAP_ID = -2;

/** The Kafka protocol over TCP: a connection per node for requests, and one for each line and fetch stream. */
export class KafkaWire implements Wire {
  readonly bootstrapNodes: readonly NodeAddress[];
  readonly #settings: Settings;
  readonly #nodes = new Map<BrokerId, KafkaNode>();
  readonly #links = new Set<KafkaLink>();
  readonly #streams = new Set<FetchStream>();
  #isClosed = false;

  constructor(options: KafkaWireOptions) {
    this.#settings = {
      clientId: options.clientId ?? 'kafkaesque',
      clock: options.clock ?? machineClock,
      random: options.random ?? machineRandom(),
      logger: options.logger ?? silentLogger,
      requestTimeoutMs: options.requestTimeoutMs ?? 30_000,
      connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
      reconnectBackoff: options.reconnectBackoff ?? { firstMs: 50, maxMs: 1000 },
      maxResponseBytes: options.maxResponseBytes ?? 2 ** 30,
      dial: options.dial ?? connect,
    };
    this.bootstrapNodes = parseBootstrapServers(options.bootstrapServers).map((address, index) => {
      const id = BrokerId(FIRST_BOOTSTRAP_ID - index);
      this.#addNode(id, address);
      return { id, ...address, rack: null };
    });
  }

  learn(nodes: readonly NodeAddress[]): void {
    for (const { id, host, port } of nodes) {
      const node = this.#nodes.get(id);
      if (node === undefined) this.#addNode(id, { host, port });
      else if (node.address.host !== host || node.address.port !== port) {
        node.address = { host, port };
        node.failures = 0;
        node.notBeforeMs = 0;
      }
    }
  }

  async request<Name extends ApiName>(
    id: BrokerId,
    name: Name,
    draft: DraftFor<Name>,
    options: RequestOptions = {},
  ): Promise<ResponseOf<Name>> {
    return this.#ask(this.#linkTo(id), name, draft, options);
  }

  line(id: BrokerId): RequestLine {
    let link: KafkaLink | undefined;
    return {
      request: async (name, draft, options = {}) => {
        if (link === undefined || link.isEnded) link = this.#dialled(this.#nodeOf(id), () => undefined);
        return this.#ask(link, name, draft, options);
      },
      close: () => link?.close(new ClientError('closed', 'CLOSED', 'the connection was given up')),
    };
  }

  fetch(id: BrokerId, options: FetchOptions): FetchStream {
    const node = this.#nodeOf(id);
    const { clock, requestTimeoutMs } = this.#settings;
    const link = this.#dialled(node, () => undefined);
    const stream = openKafkaFetchStream({
      link,
      clock,
      fetch: options,
      // A long poll takes its own time on top of an ordinary request's.
      requestTimeoutMs: requestTimeoutMs + options.maxWaitMs,
      closed: () => this.#streams.delete(stream),
    });
    this.#streams.add(stream);
    return stream;
  }

  capabilities(id: BrokerId, options: RequestOptions = {}): Promise<Capabilities> {
    options.signal?.throwIfAborted();
    return this.#linkTo(id).capabilities();
  }

  onClosed(id: BrokerId, listener: () => void): () => void {
    const { closedListeners } = this.#nodeOf(id);
    closedListeners.add(listener);
    return () => closedListeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const cause = closedError();
    await Promise.all([...this.#streams].map((stream) => stream.close()));
    for (const link of [...this.#links]) link.close(cause);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #ask<Name extends ApiName>(
    link: KafkaLink,
    name: Name,
    draft: DraftFor<Name>,
    options: RequestOptions,
  ): Promise<ResponseOf<Name>> {
    const body = await link.request({
      api: apis[name],
      draft: typeof draft === 'function' ? draft : () => draft,
      timeoutMs: options.timeoutMs ?? this.#settings.requestTimeoutMs,
      signal: options.signal,
      answered: options.answered ?? true,
      minVersion: options.minVersion,
      maxVersion: options.maxVersion,
    });
    return body as ResponseOf<Name>;
  }

  #addNode(id: BrokerId, address: HostPort): void {
    const node = {
      id,
      address,
      link: undefined,
      failures: 0,
      notBeforeMs: 0,
      closedListeners: new Set<() => void>(),
    };
    this.#nodes.set(id, node);
  }

  #nodeOf(id: BrokerId): KafkaNode {
    if (this.#isClosed) throw closedError();
    const node = this.#nodes.get(id);
    if (node !== undefined) return node;
    throw new ClientError('connection', 'UNKNOWN_NODE', `no address is known for broker ${id}`, {
      retriable: true,
    });
  }

  #linkTo(id: BrokerId): KafkaLink {
    const node = this.#nodeOf(id);
    if (node.link === undefined || node.link.isEnded) {
      node.link = this.#dialled(node, () => {
        node.link = undefined;
        for (const listener of [...node.closedListeners]) listener();
      });
    }
    return node.link;
  }

  #dialled(node: KafkaNode, closed: () => void): KafkaLink {
    const { clock, clientId, connectTimeoutMs, maxResponseBytes, logger } = this.#settings;
    const where = hostPortText(node.address);
    const link: KafkaLink = new KafkaLink({
      where,
      clientId,
      clock,
      maxResponseBytes,
      setupTimeoutMs: connectTimeoutMs,
      dial: (timeoutMs, signal) => this.#dial(node, timeoutMs, signal),
      ended: (opened, cause) => {
        this.#links.delete(link);
        if (this.#isClosed) return;
        const what = { where, code: cause.code, why: cause.message };
        if (opened) logger.debug('a connection ended', what);
        else {
          logger.warn(`no connection to ${where}`, what);
          this.#backOff(node);
        }
        closed();
      },
    });
    this.#links.add(link);
    return link;
  }

  async #dial(node: KafkaNode, timeoutMs: number, signal: AbortSignal): Promise<Connection> {
    const { clock, dial } = this.#settings;
    const waitMs = node.notBeforeMs - clock.monotonicMs();
    if (waitMs > 0) await sleep(clock, waitMs, signal);
    const connection = await dial({ ...node.address, timeoutMs, signal });
    node.failures = 0;
    node.notBeforeMs = 0;
    return connection;
  }

  #backOff(node: KafkaNode): void {
    const { clock, random, reconnectBackoff } = this.#settings;
    node.notBeforeMs = clock.monotonicMs() + backoffMs(reconnectBackoff, node.failures, random);
    node.failures += 1;
  }
}

const closedError = (): ClientError =>
  new ClientError('closed', 'CLOSED', 'the client was closed', { effect: 'indefinite' });
