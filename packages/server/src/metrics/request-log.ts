import type { LogFields, Logger } from '@kafkaesque/kernel';
import type { NamedLogger } from '@kafkaesque/telemetry';
import type { CompletedRequest, CompletionObserver } from './completed-request';
import { phasesOf } from './completed-request';

/** Kafka's name of the logger of requests. */
export const REQUEST_LOGGER = 'kafka.request.logger';

export interface RequestLogOptions {
  readonly logger: NamedLogger;
  /** -1: no request is slow. */
  readonly slowThresholdMs: number;
  readonly protocolOf: (listenerName: string) => string;
}

/** When everything is slow, every request is: so many lines say it, the others are counted. */
const MAX_SLOW_LINES = 10;
const SLOW_LINES_WINDOW_MS = 1000;

/** A line for each request at debug, and one for each slow request at info, with the fields of Kafka's RequestLogger. */
export class RequestLog implements CompletionObserver {
  readonly #options: RequestLogOptions;
  #slowThresholdMs: number;
  #slowSinceMs = -Infinity;
  #slowLines = 0;
  #leftOut = 0;

  constructor(options: RequestLogOptions) {
    this.#options = options;
    this.#slowThresholdMs = options.slowThresholdMs;
  }

  /** From now on. */
  changeThreshold(slowThresholdMs: number): void {
    this.#slowThresholdMs = slowThresholdMs;
  }

  completed(request: CompletedRequest, leftAtMs: number): void {
    const { logger } = this.#options;
    const slowThresholdMs = this.#slowThresholdMs;
    const waitedMs = Math.min(request.answeredAtMs - request.returnedAtMs, request.patienceMs);
    if (slowThresholdMs >= 0 && leftAtMs - request.arrivedAtMs - waitedMs > slowThresholdMs) {
      this.#slow(request, leftAtMs);
    } else if (logger.isEnabled('debug')) {
      logger.debug('Completed request', this.#fields(request, leftAtMs));
    }
  }

  #slow(request: CompletedRequest, leftAtMs: number): void {
    const { logger } = this.#options;
    if (!logger.isEnabled('info')) return;
    if (leftAtMs - this.#slowSinceMs >= SLOW_LINES_WINDOW_MS) {
      this.#slowSinceMs = leftAtMs;
      this.#slowLines = 0;
    }
    // Whoever asked for a line a request gets them all.
    if (this.#slowLines >= MAX_SLOW_LINES && !logger.isEnabled('debug')) {
      this.#leftOut += 1;
      return;
    }
    this.#slowLines += 1;
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    logger.info('Slow request', {
      ...this.#fields(request, leftAtMs),
      ...(leftOut === 0 ? {} : { slowRequestsLeftOut: leftOut }),
    });
  }

  #fields(request: CompletedRequest, leftAtMs: number): LogFields {
    const { totalMs, queueMs, localMs, remoteMs, responseQueueMs, sendMs } = phasesOf(request, leftAtMs);
    const { remoteAddress, localAddress, connectionId, listenerName, principal, clientSoftware } = request;
    return {
      isForwarded: false,
      requestHeader: {
        requestApiKey: request.apiKey,
        requestApiVersion: request.apiVersion,
        correlationId: request.correlationId,
        clientId: request.clientId,
        requestApiKeyName: constantOf(request.served.name),
      },
      requestSizeBytes: request.requestBytes,
      responseSizeBytes: request.responseBytes,
      connection: `${localAddress}-${remoteAddress}-0-${connectionId}`,
      totalTimeMs: told(totalMs),
      requestQueueTimeMs: told(queueMs),
      localTimeMs: told(localMs),
      remoteTimeMs: told(remoteMs),
      throttleTimeMs: 0,
      responseQueueTimeMs: told(responseQueueMs),
      sendTimeMs: told(sendMs),
      securityProtocol: this.#options.protocolOf(listenerName),
      principal: `${principal.type}:${principal.name}`,
      listener: listenerName,
      clientInformation: { softwareName: clientSoftware.name, softwareVersion: clientSoftware.version },
    };
  }
}

/** For a logger that does not say whether it is asked for debug. */
export const withoutDebug = (logger: Logger): NamedLogger => ({
  isEnabled: (level) => level !== 'debug',
  debug: () => undefined,
  info: (message, fields) => {
    logger.info(message, fields);
  },
  warn: (message, fields) => {
    logger.warn(message, fields);
  },
  error: (message, fields) => {
    logger.error(message, fields);
  },
  child: (fields) => withoutDebug(logger.child(fields)),
});

/** Microseconds are as much as the clock knows. */
const told = (ms: number): number => Math.round(ms * 1000) / 1000;

/** `InitProducerId` as Kafka's enumeration writes it: `INIT_PRODUCER_ID`. */
const constantOf = (name: string): string => name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();
