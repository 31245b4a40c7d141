import { BufferPool, assert, hasCode, messageOf } from '@kafkaesque/kernel';
import type { Clock, Connection, ConnectionEnd } from '@kafkaesque/kernel';
import { apis, decodeResponse, encodeRequestFrame } from '@kafkaesque/protocol';
import type { Api, ResponseOf } from '@kafkaesque/protocol';
import { FrameReader } from '@kafkaesque/transport';
import { ClientError } from '../errors';
import { abortedError } from '../timing/waiting';
import { chooseVersion } from './version-choice';
import type { VersionBounds } from './version-choice';
import { SOFTWARE } from './software';
import type { Capabilities } from './wire';

export interface LinkOptions {
  /** `host:port`, for messages. */
  readonly where: string;
  readonly dial: (timeoutMs: number, signal: AbortSignal) => Promise<Connection>;
  readonly clientId: string;
  readonly clock: Clock;
  /** Bound for dialling and for the version handshake, each. */
  readonly setupTimeoutMs: number;
  readonly maxResponseBytes: number;
  /** Called once; `opened` tells whether the link was ever usable. */
  readonly ended: (opened: boolean, cause: ClientError) => void;
}

export interface LinkRequest extends VersionBounds {
  readonly api: Api;
  readonly draft: (version: number) => unknown;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly answered: boolean;
}

/** A request on its way: waiting to be written, or written and waiting for its answer. */
interface Pending extends LinkRequest {
  readonly resolve: (body: unknown) => void;
  readonly reject: (error: unknown) => void;
  version: number;
  correlationId: number;
  /** The caller has been answered; a late response only takes its place in the order. */
  isSettled: boolean;
}

const MIN_RESPONSE_BYTES = 4;
/** Requests that may wait in one link; more means that the caller has no back-pressure of its own. */
const MAX_QUEUED = 10_000;

/**
 * One connection to one broker. Requests leave in call order, also those made before the connection stood; answers
 * come in the same order. When it ends, everything unanswered fails, and the link is not used again.
 */
export class KafkaLink {
  readonly #options: LinkOptions;
  readonly #queued: Pending[] = [];
  readonly #sent: Pending[] = [];
  readonly #abort = new AbortController();
  readonly #pool = new BufferPool({ keptBytes: 0 });
  readonly #opening: Promise<Capabilities>;
  #connection: Connection | undefined;
  #capabilities: Capabilities | undefined;
  #isWritable = true;
  #endedBy: ClientError | undefined;
  #lastCorrelationId = -1;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#opening = this.#open();
    this.#opening.catch((error: unknown) => this.#end(this.#failure(error, 'definite')));
  }

  get isEnded(): boolean {
    return this.#endedBy !== undefined;
  }

  get isOpen(): boolean {
    return this.#capabilities !== undefined && !this.isEnded;
  }

  /** What the broker announced, once it has. */
  capabilities(): Promise<Capabilities> {
    return this.#opening.catch((error: unknown) => {
      throw this.#failure(error, 'definite');
    });
  }

  request(request: LinkRequest): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const pending: Pending = {
        ...request,
        resolve,
        reject,
        version: -1,
        correlationId: -1,
        isSettled: false,
      };
      if (this.#endedBy !== undefined) {
        reject(this.#endedBy);
        return;
      }
      if (this.#queued.length >= MAX_QUEUED) {
        reject(
          new ClientError('limit', 'QUEUE_FULL', `${MAX_QUEUED} requests wait for ${this.#options.where}`),
        );
        return;
      }
      const settled = this.#watch(pending);
      if (settled) return;
      this.#queued.push(pending);
      this.#flush();
    });
  }

  /** Ends the connection; unanswered requests fail with `cause`. */
  close(cause: ClientError): void {
    this.#end(cause);
  }

  /** Sets the request's timer and abort listener, both taken back when it settles. True if it was aborted already. */
  #watch(pending: Pending): boolean {
    const { clock, where } = this.#options;
    const { signal, api, timeoutMs } = pending;
    if (signal?.aborted === true) {
      pending.reject(abortedError(signal));
      return true;
    }
    const { resolve, reject } = pending;
    const abort = (): void => {
      this.#forget(pending);
      if (signal !== undefined) settle(() => reject(abortedError(signal)));
    };
    const cancelTimer = clock.wakeAt(clock.monotonicMs() + timeoutMs, () => {
      const wasSent = !this.#forget(pending);
      const error = new ClientError(
        'timeout',
        'TIMED_OUT',
        `${where} did not answer ${api.name} within ${Math.round(timeoutMs)} ms`,
        { retriable: true, effect: wasSent ? 'indefinite' : 'definite' },
      );
      settle(() => reject(error));
      // Answers come in order: behind one that does not come, nothing else will.
      if (wasSent) this.#end(this.#lost(error));
    });
    const settle = (how: () => void): void => {
      if (pending.isSettled) return;
      pending.isSettled = true;
      cancelTimer();
      signal?.removeEventListener('abort', abort);
      how();
    };
    Object.assign(pending, {
      resolve: (body: unknown) => settle(() => resolve(body)),
      reject: (error: unknown) => settle(() => reject(error)),
    });
    signal?.addEventListener('abort', abort, { once: true });
    return false;
  }

  /** Takes a request out of the queue. False: it has been written already. */
  #forget(pending: Pending): boolean {
    const index = this.#queued.indexOf(pending);
    if (index >= 0) this.#queued.splice(index, 1);
    return index >= 0;
  }

  async #open(): Promise<Capabilities> {
    const { dial, setupTimeoutMs } = this.#options;
    const connection = await dial(setupTimeoutMs, this.#abort.signal);
    if (this.#endedBy !== undefined) {
      connection.close();
      throw this.#endedBy;
    }
    this.#connection = connection;
    const reader = new FrameReader({
      maxFrameBytes: this.#options.maxResponseBytes,
      minFrameBytes: MIN_RESPONSE_BYTES,
      pool: this.#pool,
      // A lease is never released: records are views into the frame, and their reader may keep them.
      frame: (frame) => this.#answered(frame),
    });
    connection.receive({
      data: (chunk) => {
        const fault = reader.push(chunk);
        if (fault !== undefined) {
          this.#end(this.#notKafka(`a response of ${fault.sizeBytes} bytes is no Kafka response`));
        }
      },
      drained: () => {
        this.#isWritable = true;
        this.#flush();
      },
      ended: (end) => this.#end(this.#lost(undefined, end)),
    });
    const capabilities = await this.#handshake();
    this.#capabilities = capabilities;
    this.#flush();
    return capabilities;
  }

  /** KIP-511: asks in the newest version; a broker that does not know it names the one to ask again in. */
  async #handshake(): Promise<Capabilities> {
    let version = apis.ApiVersions.advertised.max;
    for (let round = 0; ; round += 1) {
      const body = (await this.#ask(version)) as ResponseOf<'ApiVersions'>;
      if (body.errorCode === 0) return capabilitiesOf(body);
      const known = body.apiKeys.find(({ apiKey }) => apiKey === apis.ApiVersions.key);
      const next = Math.min(known?.maxVersion ?? 0, version - 1);
      if (round > 0 || next < 0) throw this.#notKafka(`it refused ApiVersions with error ${body.errorCode}`);
      version = next;
    }
  }

  #ask(version: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const pending: Pending = {
        api: apis.ApiVersions,
        draft: () => (version >= 3 ? SOFTWARE : {}),
        timeoutMs: this.#options.setupTimeoutMs,
        answered: true,
        resolve,
        reject,
        version,
        correlationId: -1,
        isSettled: false,
      };
      this.#watch(pending);
      this.#write(pending);
    });
  }

  #flush(): void {
    const capabilities = this.#capabilities;
    if (capabilities === undefined) return;
    while (this.#isWritable && !this.isEnded) {
      const pending = this.#queued.shift();
      if (pending === undefined) return;
      try {
        pending.version = chooseVersion(pending.api, capabilities, pending, this.#options.where);
        this.#write(pending);
      } catch (error) {
        // What cannot be written in this version is the caller's business; the connection is as good as before.
        pending.reject(hasCode(error, 'INVALID_FIELD') ? unwritable(error) : error);
      }
    }
  }

  #write(pending: Pending): void {
    const connection = this.#connection;
    assert(connection !== undefined, 'a link writes only when it is connected');
    const correlationId = (this.#lastCorrelationId + 1) & 0x7fffffff;
    const { api, version } = pending;
    const draft = pending.draft(version);
    const parts = encodeRequestFrame(api, version, correlationId, this.#options.clientId, draft);
    this.#lastCorrelationId = correlationId;
    pending.correlationId = correlationId;
    if (pending.answered) {
      this.#sent.push(pending);
      this.#isWritable = connection.write(parts);
    } else {
      this.#isWritable = connection.write(parts, (error) => {
        if (error === undefined || error === null) pending.resolve(undefined);
        else pending.reject(this.#lost(error));
      });
    }
  }

  #answered(frame: Buffer): void {
    const [pending] = this.#sent;
    const correlationId = frame.readInt32BE(0);
    if (pending?.correlationId !== correlationId) {
      this.#end(this.#notKafka(`it answered request ${correlationId}, which is not the next one`));
      return;
    }
    this.#sent.shift();
    if (pending.isSettled) return;
    try {
      pending.resolve(decodeResponse(pending.api, pending.version, frame).body);
    } catch (error) {
      const wrong = this.#notKafka(
        `its answer to ${pending.api.name} cannot be read: ${messageOf(error)}`,
        error,
      );
      pending.reject(wrong);
      this.#end(wrong);
    }
  }

  #end(cause: ClientError): void {
    if (this.#endedBy !== undefined) return;
    this.#endedBy = cause;
    this.#abort.abort();
    // After a failure nothing of what was written may still go out: its buffers may be written again.
    if (cause.kind === 'closed') this.#connection?.close();
    else this.#connection?.reset();
    // Nothing of what still waits was written: it has surely not happened.
    const unsent = cause.effect === 'definite' ? cause : withEffect(cause, 'definite');
    const unanswered = withEffect(cause, 'indefinite');
    for (const pending of this.#sent.splice(0)) pending.reject(unanswered);
    for (const pending of this.#queued.splice(0)) pending.reject(unsent);
    this.#options.ended(this.#capabilities !== undefined, cause);
  }

  #lost(cause: unknown, end?: ConnectionEnd): ClientError {
    const reason = end?.kind === 'failed' ? end.cause : cause;
    const why = reason === undefined ? '' : `: ${messageOf(reason)}`;
    return new ClientError(
      'connection',
      'CONNECTION_LOST',
      `the connection to ${this.#options.where} ended${why}`,
      {
        retriable: true,
        effect: 'indefinite',
        cause: reason,
      },
    );
  }

  #notKafka(why: string, cause?: unknown): ClientError {
    return new ClientError(
      'protocol',
      'UNREADABLE_ANSWER',
      `${this.#options.where} does not answer as a Kafka broker: ${why}`,
      { effect: 'indefinite', cause },
    );
  }

  /** Errors of dialling as the client's own. */
  #failure(error: unknown, effect: 'definite' | 'indefinite'): ClientError {
    if (error instanceof ClientError) return error;
    if (this.#endedBy !== undefined) return this.#endedBy;
    const aborted = hasCode(error, 'ABORTED');
    return new ClientError(
      aborted ? 'aborted' : 'connection',
      aborted ? 'ABORTED' : 'UNREACHABLE',
      messageOf(error),
      { retriable: !aborted, effect, cause: error },
    );
  }
}

const withEffect = (error: ClientError, effect: 'definite' | 'indefinite'): ClientError =>
  new ClientError(error.kind, error.code, error.message, {
    effect,
    retriable: error.retriable,
    cause: error.cause,
  });

const capabilitiesOf = (body: ResponseOf<'ApiVersions'>): Capabilities => ({
  apis: new Map(body.apiKeys.map((one) => [one.apiKey, { min: one.minVersion, max: one.maxVersion }])),
  finalizedFeatures: new Map(body.finalizedFeatures.map((one) => [one.name, one.maxVersionLevel])),
  supportedFeatures: new Map(
    body.supportedFeatures.map((one) => [one.name, { min: one.minVersion, max: one.maxVersion }]),
  ),
});

/** What was given does not fit its field: a text of more than 32,767 bytes, a number outside its range. */
const unwritable = (cause: unknown): ClientError =>
  new ClientError('usage', 'INVALID_FIELD', messageOf(cause), { cause });
