import type { Clock, FaultHandler, Lease, Logger } from '@kafkaesque/kernel';
import { hasCode, messageOf } from '@kafkaesque/kernel';
import type { RequestFrame } from '@kafkaesque/protocol';
import { apis, readRequestHeader } from '@kafkaesque/protocol';
import type { KafkaConnection } from '@kafkaesque/transport';
import type { HandlerTable, Served } from '../handlers/table';
import type { Principal, Reply } from '../handlers/handler';
import { ANONYMOUS } from '../handlers/handler';
import type { CompletedRequest, RequestObserver } from '../metrics/completed-request';
import type { Exchange } from './request-order';
import { RequestOrder } from './request-order';

export interface KafkaDoorOptions {
  readonly handlers: HandlerTable;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly faults: FaultHandler;
  readonly observer: RequestObserver;
  /** Told when a connection is gone, so that whatever waits for it can be dropped. */
  readonly disconnected: (connectionId: number) => void;
}

/** A request that is served here. */
interface Asked extends Exchange, CompletedRequest {
  readonly kind: 'asked';
  lease: Lease | undefined;
  readonly served: Served;
  responseBytes: number;
  /** -1 while it waits for earlier requests. */
  startedAtMs: number;
  returnedAtMs: number;
  answeredAtMs: number;
  leavingAtMs: number;
  readonly bodyAt: number;
  /** Undefined once it was let go. */
  frame: Buffer | undefined;
  answer: readonly Buffer[] | undefined;
  sent: (() => void) | undefined;
  /** Why the connection ends instead of an answer. */
  closing: string | undefined;
}

/** A frame that ends the connection, once everything before it is answered. */
interface Refused extends Exchange {
  readonly kind: 'refused';
  readonly closing: string;
}

type KafkaExchange = Asked | Refused;

/** Answers that may wait in one connection's socket before its next requests are looked at. */
const MAX_UNSENT_BYTES = 1024 * 1024;

/** Serves Kafka's protocol on connections: frames in, handlers in order, answers out. */
export class KafkaDoor {
  readonly #options: KafkaDoorOptions;
  /** Connections that came before the door was open. */
  #early: KafkaConnection[] | undefined = [];

  constructor(options: KafkaDoorOptions) {
    this.#options = options;
  }

  /** Takes over a connection; everything else happens as its frames arrive. */
  readonly accept = (connection: KafkaConnection): void => {
    connection.receive(new Visit(connection, this.#options));
    this.#options.observer.connected(connection.listenerName);
    if (this.#early === undefined) return;
    connection.pause();
    this.#early.push(connection);
  };

  /** Requests are looked at from now on; until then connections wait. */
  open(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const connection of early) connection.resume();
  }
}

/** One connection's stay. */
class Visit {
  readonly #connection: KafkaConnection;
  readonly #options: KafkaDoorOptions;
  readonly #order = new RequestOrder<KafkaExchange>();
  readonly #software = { name: 'unknown', version: 'unknown' };
  readonly #principal: Principal = ANONYMOUS;
  #isEnded = false;
  /** A frame that cannot be served came: what follows it is noise. */
  #isDeaf = false;
  /** A request ends the connection instead of being answered: no later one starts. */
  #isClosing = false;
  #isFlushAsked = false;
  #isPumping = false;
  /** An answer that must leave before the next request starts is in the socket. */
  #isSending = false;

  constructor(connection: KafkaConnection, options: KafkaDoorOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  frame(frame: Buffer, lease: Lease | undefined): void {
    const exchange = this.#isDeaf || this.#isClosing ? undefined : this.#read(frame, lease);
    if (exchange?.kind !== 'asked') {
      lease?.release();
      this.#connection.settle(frame.length);
    }
    if (exchange === undefined) return;
    if (exchange.kind === 'refused') this.#isDeaf = true;
    else this.#options.observer.queued();
    this.#order.arrived(exchange);
    this.#pump();
  }

  drained(): void {
    this.#pump();
  }

  ended(): void {
    this.#isEnded = true;
    const { observer, disconnected } = this.#options;
    observer.disconnected(this.#connection.listenerName);
    disconnected(this.#connection.id);
    // What waited in the purgatory is dropped there without a word, and what did not start never will.
    for (const exchange of this.#order.drain()) {
      if (exchange.kind === 'refused') continue;
      if (exchange.startedAtMs < 0) observer.unqueued();
      release(exchange);
      if (!exchange.isAnswered) continue;
      observer.dropped();
      exchange.sent?.();
    }
  }

  /** Understands the header; what Kafka answers by closing the connection is refused here. */
  #read(frame: Buffer, lease: Lease | undefined): KafkaExchange {
    let header: RequestFrame;
    try {
      header = readRequestHeader(frame);
    } catch (error) {
      return refused(messageOf(error));
    }
    const served = this.#options.handlers.byKey(header.apiKey);
    const isKnownVersion =
      served !== undefined &&
      header.apiVersion >= served.minServed &&
      header.apiVersion <= served.advertised.max;
    // An ApiVersions version that is not known here is answered in version 0, so that its sender can choose again.
    const isVersionQuestion = header.apiKey === apis.ApiVersions.key;
    if (served === undefined || (!isKnownVersion && !isVersionQuestion)) {
      return refused(`API key ${header.apiKey} version ${header.apiVersion} is not served here`);
    }
    const exchange: Asked = {
      kind: 'asked',
      served,
      bodyAt: header.bodyAt,
      frame,
      lease,
      concurrent: served.name === 'Produce',
      connectionId: this.#connection.id,
      listenerName: this.#connection.listenerName,
      remoteAddress: this.#connection.remoteAddress,
      localAddress: this.#connection.localAddress,
      principal: this.#principal,
      apiKey: header.apiKey,
      apiVersion: isKnownVersion ? header.apiVersion : 0,
      isUnknownVersion: !isKnownVersion,
      correlationId: header.correlationId,
      clientId: header.clientId,
      clientSoftware: this.#software,
      arrivedAtMs: this.#options.clock.monotonicMs(),
      patienceMs: 0,
      temporaryBytes: 0,
      traceparents: undefined,
      requestBytes: frame.length,
      responseBytes: 0,
      startedAtMs: -1,
      returnedAtMs: -1,
      answeredAtMs: -1,
      leavingAtMs: -1,
      isClosed: () => this.#isEnded,
      letGo: () => this.#letGo(exchange),
      isAnswered: false,
      answer: undefined,
      sent: undefined,
      closing: undefined,
    };
    return exchange;
  }

  #end(why: string): void {
    this.#options.logger.warn('closing a connection after an invalid request', {
      remoteAddress: this.#connection.remoteAddress,
      listener: this.#connection.listenerName,
      why,
    });
    this.#isEnded = true;
    this.#connection.close();
  }

  /** Starts what may start. Handlers may answer within this call, so the loop guards against itself. */
  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (this.#mayStart()) {
      const exchange = this.#order.next();
      if (exchange === undefined) break;
      if (exchange.kind === 'asked') this.#start(exchange);
      else this.#answered(exchange);
    }
    this.#isPumping = false;
  }

  #mayStart(): boolean {
    return (
      !this.#isEnded &&
      !this.#isClosing &&
      !this.#isSending &&
      this.#connection.unsentBytes < MAX_UNSENT_BYTES
    );
  }

  #start(exchange: Asked): void {
    const { clock, observer } = this.#options;
    observer.unqueued();
    exchange.startedAtMs = clock.monotonicMs();
    const { frame = Buffer.alloc(0), bodyAt, isUnknownVersion } = exchange;
    try {
      const reply = exchange.served.handle(exchange, frame, isUnknownVersion ? frame.length : bodyAt);
      exchange.returnedAtMs = clock.monotonicMs();
      if (reply instanceof Promise) {
        reply.then(
          (settled) => {
            this.#finish(exchange, settled);
          },
          (error: unknown) => {
            this.#fail(exchange, error);
          },
        );
      } else {
        // Answered within the call: nothing was waited for.
        this.#finish(exchange, reply, exchange.returnedAtMs);
      }
    } catch (error) {
      this.#fail(exchange, error);
    }
  }

  #fail(exchange: Asked, error: unknown): void {
    if (hasCode(error, 'INVARIANT_BROKEN')) {
      this.#options.faults.fault(`answering ${exchange.served.name}`, error);
    } else if (!hasCode(error, 'INVALID_REQUEST')) {
      this.#options.logger.error('a request failed unexpectedly', {
        api: exchange.served.name,
        version: exchange.apiVersion,
        clientId: exchange.clientId,
        remoteAddress: exchange.remoteAddress,
        error: messageOf(error),
        stack: typeof error === 'object' && error !== null && 'stack' in error ? error.stack : undefined,
      });
    }
    this.#finish(exchange, { kind: 'close', why: messageOf(error) });
  }

  #finish(exchange: Asked, reply: Reply<readonly Buffer[]>, nowMs = this.#options.clock.monotonicMs()): void {
    exchange.answeredAtMs = nowMs;
    // A handler that threw has not returned.
    if (exchange.returnedAtMs < 0) exchange.returnedAtMs = exchange.answeredAtMs;
    this.#letGo(exchange);
    if (reply.kind === 'answer') {
      exchange.answer = reply.response;
      exchange.sent = reply.sent;
    } else if (reply.kind === 'close') {
      exchange.closing = reply.why;
      this.#isClosing = true;
    }
    if (this.#isEnded) exchange.sent?.();
    else this.#answered(exchange);
  }

  /** Gives the frame's memory back, and its room among what the connection has in flight; once. */
  #letGo(exchange: Asked): void {
    const { frame } = exchange;
    if (frame === undefined) return;
    exchange.frame = undefined;
    release(exchange);
    this.#connection.settle(frame.length);
  }

  #answered(exchange: KafkaExchange): void {
    exchange.isAnswered = true;
    if (exchange.kind === 'asked') this.#options.observer.answered();
    if (this.#isFlushAsked) return;
    // Answers that become ready in the same turn leave in one write.
    this.#isFlushAsked = true;
    queueMicrotask(() => {
      this.#isFlushAsked = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#isEnded) return;
    const parts: Buffer[] = [];
    const leaving: Asked[] = [];
    let waitsForSocket = false;
    let closing: string | undefined;
    const nowMs = this.#options.clock.monotonicMs();
    while (closing === undefined) {
      const ready = this.#order.take();
      if (ready === undefined) break;
      ({ closing } = ready);
      if (ready.kind === 'refused') break;
      ready.leavingAtMs = nowMs;
      leaving.push(ready);
      if (ready.sent !== undefined) waitsForSocket = true;
      if (ready.answer === undefined) continue;
      for (const part of ready.answer) {
        ready.responseBytes += part.length;
        parts.push(part);
      }
    }
    if (waitsForSocket) this.#writeAndWait(parts, leaving);
    else {
      if (parts.length > 0) this.#connection.write(parts);
      this.#left(leaving);
    }
    if (closing === undefined) this.#pump();
    else this.#end(closing);
  }

  #writeAndWait(parts: readonly Buffer[], leaving: readonly Asked[]): void {
    this.#isSending = true;
    this.#connection.write(parts, () => {
      this.#isSending = false;
      for (const { sent } of leaving) sent?.();
      this.#left(leaving);
      this.#pump();
    });
  }

  #left(leaving: readonly Asked[]): void {
    const { clock, observer } = this.#options;
    const nowMs = clock.monotonicMs();
    for (const exchange of leaving) observer.completed(exchange, nowMs);
  }
}

const refused = (closing: string): Refused => ({
  kind: 'refused',
  closing,
  concurrent: false,
  isAnswered: false,
});

/** Gives the frame's memory back, once. */
const release = (exchange: Asked): void => {
  exchange.lease?.release();
  exchange.lease = undefined;
};
