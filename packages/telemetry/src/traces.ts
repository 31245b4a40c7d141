import { Failure } from '@kafkaesque/kernel';
import type { Link, SpanContext } from '@opentelemetry/api';
import type { SpanExporter } from '@opentelemetry/sdk-trace-base';

/** A part of a span, in milliseconds of wall time. */
export interface TracedPhase {
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** Something that is over, with its phases. */
export interface TracedWork extends TracedPhase {
  readonly attributes: Readonly<Record<string, string | number>>;
  /** W3C `traceparent` headers of what caused it; those that are malformed are passed over. */
  readonly traceparents: readonly string[];
  readonly phases: readonly TracedPhase[];
}

/** Where spans go. */
export interface Traces extends AsyncDisposable {
  record(work: TracedWork): void;
  /** Sends what is still here. */
  close(): Promise<void>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Version 00, trace id, span id, flags; zeros are no ids (W3C Trace Context). */
const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

const spanContextOf = (traceparent: string): SpanContext | undefined => {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, traceFlags: parseInt(flags, 16), isRemote: true };
};

/**
 * Opens tracing as OpenTelemetry's standard variables say; undefined when they say nothing, or that there is none. Its
 * packages are loaded only then. Fails with `UNSUPPORTED_TRACING` for an exporter or a protocol that is not there.
 */
export const openTraces = async (environment: Environment): Promise<Traces | undefined> => {
  if (!isConfigured(environment)) return undefined;
  const protocol = given(environment, 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL');
  if (protocol !== undefined && protocol !== 'http/json')
    throw new Failure(
      'UNSUPPORTED_TRACING',
      `OTEL_EXPORTER_OTLP_PROTOCOL=${protocol}: only http/json is there`,
    );
  const kind = given(environment, 'OTEL_TRACES_EXPORTER') ?? 'otlp';
  if (kind !== 'otlp')
    throw new Failure('UNSUPPORTED_TRACING', `OTEL_TRACES_EXPORTER=${kind}: there are otlp and none`);
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
  return openTracesTo(new OTLPTraceExporter());
};

const given = (environment: Environment, ...names: readonly string[]): string | undefined =>
  names.map((name) => environment[name]).find((value) => value !== undefined && value !== '');

const isConfigured = (environment: Environment): boolean => {
  if (environment['OTEL_SDK_DISABLED']?.toLowerCase() === 'true') return false;
  if (environment['OTEL_TRACES_EXPORTER'] === 'none') return false;
  const says = ['OTEL_TRACES_EXPORTER', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'];
  return given(environment, ...says) !== undefined;
};

/** Tracing into an exporter; sampling, batching and resource as the process's `OTEL_*` variables say. */
export const openTracesTo = async (exporter: SpanExporter): Promise<Traces> => {
  const [{ ROOT_CONTEXT, SpanKind, trace }, { BasicTracerProvider, BatchSpanProcessor }, resources] =
    await Promise.all([
      import('@opentelemetry/api'),
      import('@opentelemetry/sdk-trace-base'),
      import('@opentelemetry/resources'),
    ]);
  const { detectResources, envDetector, resourceFromAttributes } = resources;
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'kafkaesque' }).merge(
      detectResources({ detectors: [envDetector] }),
    ),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  const tracer = provider.getTracer('kafkaesque');
  const close = (): Promise<void> => provider.shutdown();
  return {
    record({ name, startMs, endMs, attributes, traceparents, phases }) {
      const links: Link[] = [];
      for (const traceparent of traceparents) {
        const context = spanContextOf(traceparent);
        if (context !== undefined) links.push({ context });
      }
      const span = tracer.startSpan(
        name,
        { startTime: startMs, kind: SpanKind.SERVER, attributes, links, root: true },
        ROOT_CONTEXT,
      );
      if (span.isRecording()) {
        const within = trace.setSpan(ROOT_CONTEXT, span);
        for (const phase of phases)
          tracer.startSpan(phase.name, { startTime: phase.startMs }, within).end(phase.endMs);
      }
      span.end(endMs);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
};
