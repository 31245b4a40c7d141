import type { Clock, Counter, Histogram, Metrics } from '@kafkaesque/kernel';
import type { HandlerTable, Served } from '../handlers/table';
import type { CompletedRequest } from './completed-request';
import { RecentValues } from './recent-values';

/** Instruments under one `request` label. */
interface Meter {
  readonly total: Histogram;
  readonly queue: Histogram;
  readonly local: Histogram;
  readonly remote: Histogram;
  readonly throttle: Histogram;
  readonly responseQueue: Histogram;
  readonly send: Histogram;
  readonly bytes: Histogram;
  /** Of Produce alone: nothing else takes memory of its own in the handler. */
  readonly temporaryBytes: Histogram | undefined;
}

interface ApiMeter {
  readonly meters: readonly Meter[];
  /** By version. */
  readonly requests: readonly Counter[];
}

interface ConnectionCounts {
  opened: number;
  closed: number;
  readonly recentlyOpened: RecentValues;
  readonly recentlyClosed: RecentValues;
}

/** Counts requests and the times of their phases (Kafka's RequestMetrics). Everything is looked up once, at the start. */
export class RequestMeters {
  /** By API key. */
  readonly #apis: ApiMeter[] = [];
  readonly #connections = new Map<string, ConnectionCounts>();
  readonly #clock: Clock;
  #queued = 0;
  #unsent = 0;

  constructor(metrics: Metrics, clock: Clock, { all }: Pick<HandlerTable, 'all'>) {
    this.#clock = clock;
    for (const served of all) {
      this.#apis[served.key] = {
        meters: labelsOf(served).map((request) => meterOf(metrics, request)),
        requests: countersOf(metrics, served),
      };
    }
    metrics.observe(
      'gauge',
      'kafka_network_requestchannel_requestqueuesize',
      'Requests that wait for earlier ones of their connection.',
      (tell) => {
        tell(this.#queued);
      },
    );
    metrics.observe(
      'gauge',
      'kafka_network_requestchannel_responsequeuesize',
      'Answers that have not left yet: they wait for those of earlier requests, or for their socket.',
      (tell) => {
        tell(this.#unsent);
      },
    );
    metrics.observe(
      'counter',
      'kafka_network_requestmetrics_errors_total',
      'Error codes in answers, NONE among them; an answer counts once for itself and once for each of its parts.',
      (tell) => {
        for (const { name, errors } of all)
          for (const [error, count] of errors.met()) tell(count, { request: name, error });
      },
    );
    this.#watchConnections(metrics);
  }

  #watchConnections(metrics: Metrics): void {
    const connections = (
      kind: 'counter' | 'gauge',
      name: string,
      help: string,
      value: (counts: ConnectionCounts) => number,
    ): void => {
      metrics.observe(kind, `kafka_server_socket_server_metrics_connection_${name}`, help, (tell) => {
        for (const [listener, counts] of this.#connections)
          tell(value(counts), { listener, networkProcessor: '0' });
      });
    };
    connections(
      'counter',
      'creation_total',
      'Kafka connections opened on a listener.',
      ({ opened }) => opened,
    );
    connections(
      'counter',
      'close_total',
      'Kafka connections of a listener that ended.',
      ({ closed }) => closed,
    );
    connections(
      'gauge',
      'creation_rate',
      'Kafka connections opened on a listener, a second, over the last minute.',
      ({ recentlyOpened }) => recentlyOpened.read().perSecond,
    );
    connections(
      'gauge',
      'close_rate',
      'Kafka connections of a listener that ended, a second, over the last minute.',
      ({ recentlyClosed }) => recentlyClosed.read().perSecond,
    );
  }

  connected(listenerName: string): void {
    const counts = this.#connectionsOf(listenerName);
    counts.opened += 1;
    counts.recentlyOpened.add(1);
  }

  disconnected(listenerName: string): void {
    const counts = this.#connectionsOf(listenerName);
    counts.closed += 1;
    counts.recentlyClosed.add(1);
  }

  queued(): void {
    this.#queued += 1;
  }

  unqueued(): void {
    this.#queued -= 1;
  }

  answered(): void {
    this.#unsent += 1;
  }

  dropped(): void {
    this.#unsent -= 1;
  }

  completed(request: CompletedRequest, leftAtMs: number): void {
    this.#unsent -= 1;
    const api = this.#apis[request.served.key];
    if (api === undefined) return;
    api.requests[request.apiVersion]?.add(1);
    for (const meter of api.meters) {
      meter.total.record(leftAtMs - request.arrivedAtMs);
      meter.queue.record(request.startedAtMs - request.arrivedAtMs);
      meter.local.record(request.returnedAtMs - request.startedAtMs);
      meter.remote.record(request.answeredAtMs - request.returnedAtMs);
      meter.throttle.record(0);
      meter.responseQueue.record(request.leavingAtMs - request.answeredAtMs);
      meter.send.record(leftAtMs - request.leavingAtMs);
      meter.bytes.record(request.requestBytes);
      meter.temporaryBytes?.record(request.temporaryBytes);
    }
  }

  #connectionsOf(listenerName: string): ConnectionCounts {
    let counts = this.#connections.get(listenerName);
    if (counts === undefined) {
      counts = {
        opened: 0,
        closed: 0,
        recentlyOpened: new RecentValues(this.#clock),
        recentlyClosed: new RecentValues(this.#clock),
      };
      this.#connections.set(listenerName, counts);
    }
    return counts;
  }
}

/** Kafka counts a Fetch a second time by who asks; on the listeners served here those are consumers. */
const labelsOf = ({ name }: Served): readonly string[] =>
  name === 'Fetch' ? ['Fetch', 'FetchConsumer'] : [name];

const meterOf = (metrics: Metrics, request: string): Meter => {
  const summary = (name: string, help: string): Histogram =>
    metrics.summary(`kafka_network_requestmetrics_${name}`, help, { request });
  return {
    total: summary('totaltimems', 'Milliseconds from the arrival of a request until its answer has left.'),
    queue: summary(
      'requestqueuetimems',
      'Milliseconds that a request waited for earlier ones of its connection.',
    ),
    local: summary('localtimems', 'Milliseconds in which the broker worked on a request.'),
    remote: summary(
      'remotetimems',
      'Milliseconds that a request waited for a flush, a disk, the metadata quorum, or for records to arrive.',
    ),
    throttle: summary(
      'throttletimems',
      'Milliseconds that an answer was held back for a quota: there are none yet.',
    ),
    responseQueue: summary(
      'responsequeuetimems',
      'Milliseconds that an answer waited for the answers of earlier requests of its connection.',
    ),
    send: summary(
      'responsesendtimems',
      'Milliseconds until the socket had taken an answer: measured to the end for answers with records, to the call for others.',
    ),
    bytes: summary('requestbytes', 'Bytes of a request without its length.'),
    temporaryBytes:
      request === 'Produce'
        ? summary(
            'temporarymemorybytes',
            'Bytes that a Produce request took beside its own, to compress its records anew.',
          )
        : undefined,
  };
};

const countersOf = (metrics: Metrics, { name, minServed, advertised }: Served): readonly Counter[] => {
  const counters: Counter[] = [];
  for (let version = minServed; version <= advertised.max; version++) {
    counters[version] = metrics.counter('kafka_network_requestmetrics_requests_total', 'Requests answered.', {
      request: name,
      version: String(version),
    });
  }
  return counters;
};
