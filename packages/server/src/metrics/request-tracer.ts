import type { Clock } from '@kafkaesque/kernel';
import type { TracedPhase, Traces } from '@kafkaesque/telemetry';
import type { CompletedRequest, CompletionObserver } from './completed-request';

/** Makes a span of each Produce request, linked to the traces that its records belong to. */
export class RequestTracer implements CompletionObserver {
  readonly #traces: Traces;
  readonly #clock: Clock;

  constructor(traces: Traces, clock: Clock) {
    this.#traces = traces;
    this.#clock = clock;
  }

  completed(request: CompletedRequest, leftAtMs: number): void {
    if (request.served.name !== 'Produce') return;
    const wallOffsetMs = this.#clock.wallMs() - this.#clock.monotonicMs();
    const phase = (name: string, startMs: number, endMs: number): TracedPhase => ({
      name,
      startMs: wallOffsetMs + startMs,
      endMs: wallOffsetMs + endMs,
    });
    const { arrivedAtMs, startedAtMs, returnedAtMs, answeredAtMs } = request;
    this.#traces.record({
      ...phase('Produce', arrivedAtMs, leftAtMs),
      attributes: {
        'messaging.system': 'kafka',
        'messaging.client.id': request.clientId ?? '',
        'kafka.api.version': request.apiVersion,
        'kafka.correlation.id': request.correlationId,
        'kafka.request.bytes': request.requestBytes,
        'client.address': request.remoteAddress,
      },
      traceparents: request.traceparents ?? [],
      phases: [
        phase('queue', arrivedAtMs, startedAtMs),
        phase('append', startedAtMs, returnedAtMs),
        // Answered within the call: nothing was waited for, with acks=0 in particular.
        ...(answeredAtMs > returnedAtMs ? [phase('durable', returnedAtMs, answeredAtMs)] : []),
        phase('answer', answeredAtMs, leftAtMs),
      ],
    });
  }
}
