import type { Counter, Histogram, Metrics } from '@kafkaesque/kernel';
import type { HandlerTable, Served } from '../handlers/table';
import type { CompletedRequest } from './completed-request';

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
}

interface ApiMeter {
  readonly meters: readonly Meter[];
  /** By version. */
  readonly requests: readonly Counter[];
}

interface ConnectionCounts {
  opened: number;
  closed: number;
}

/** Counts requests and the times of their phases (Kafka's RequestMetrics). Everything is looked up once, at the start. */
export class RequestMeters {
  /** By API key. */
  readonly #apis: ApiMeter[] = [];
  readonly #connections = new Map<string, ConnectionCounts>();
  #queued = 0;

  constructor(metrics: Metrics, { all }: HandlerTable) {
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
    const connections = (name: string, help: string, count: (counts: ConnectionCounts) => number): void => {
      metrics.observe('counter', `kafka_server_socket_server_metrics_${name}_total`, help, (tell) => {
        for (const [listener, counts] of this.#connections)
          tell(count(counts), { listener, networkProcessor: '0' });
      });
    };
    connections('connection_creation', 'Kafka connections opened on a listener.', ({ opened }) => opened);
    connections('connection_close', 'Kafka connections of a listener that ended.', ({ closed }) => closed);
  }

  connected(listenerName: string): void {
    this.#connectionsOf(listenerName).opened += 1;
  }

  disconnected(listenerName: string): void {
    this.#connectionsOf(listenerName).closed += 1;
  }

  queued(): void {
    this.#queued += 1;
  }

  unqueued(): void {
    this.#queued -= 1;
  }

  completed(request: CompletedRequest, leftAtMs: number): void {
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
    }
  }

  #connectionsOf(listenerName: string): ConnectionCounts {
    let counts = this.#connections.get(listenerName);
    if (counts === undefined) {
      counts = { opened: 0, closed: 0 };
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
