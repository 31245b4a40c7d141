import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { InMemorySpanExporter } from '@opentelemetry/sdk-trace-base';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { encodeBatch } from '@kafkaesque/protocol';
import { openTraces, openTracesTo } from '@kafkaesque/telemetry';
import { createCluster } from '@kafkaesque/testkit';
import { runToSuccess } from '../interop/program';
import { batchOf, connectTo, createdTopic, fetched, produced } from './node-client';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const traced = (traceparents: readonly string[]): Buffer =>
  encodeBatch({
    timestampMs: 1000,
    records: traceparents.map((traceparent) => ({
      key: null,
      value: Buffer.from('v'),
      headers: [{ key: 'traceparent', value: Buffer.from(traceparent) }],
    })),
  });

const msOf = ([seconds, nanoseconds]: ReadableSpan['startTime']): number =>
  seconds * 1000 + nanoseconds / 1e6;

test('a produce request is a span with its phases, linked to the traces of its records', async () => {
  const exporter = new InMemorySpanExporter();
  // Shutting down would empty the exporter before anybody has looked.
  exporter.shutdown = () => Promise.resolve();
  const traces = await openTracesTo(exporter);
  {
    await using cluster = await createCluster({ world: { traces } });
    await using client = await connectTo(cluster);
    await createdTopic(client, 'traced');
    const parents = [`00-${TRACE}-00f067aa0ba902b7-01`, `00-${TRACE}-00f067aa0ba902b8-00`];
    await produced(client, 'traced', traced([...parents, parents[0] ?? '', 'no traceparent']));
    await fetched(client, 'traced', 0);
    await produced(client, 'traced', batchOf(['plain']), { acks: 1 });
    // A request is over when its answer has left, which its client may see first.
    await fetched(client, 'traced', 0);
  }
  await traces.close();
  const spans = exporter.getFinishedSpans();
  const requests = spans.filter(({ name }) => name === 'Produce');
  expect(requests.map(({ links }) => links.map(({ context }) => [context.traceId, context.spanId]))).toEqual([
    [
      [TRACE, '00f067aa0ba902b7'],
      [TRACE, '00f067aa0ba902b8'],
    ],
    [],
  ]);
  expect(requests[0]?.resource.attributes['service.name']).toBe('kafkaesque');
  for (const request of requests) {
    const children = spans.filter((span) => span.parentSpanContext?.spanId === request.spanContext().spanId);
    expect(children.map(({ name }) => name)).toEqual(['queue', 'append', 'durable', 'answer']);
    const moments = [request.startTime, ...children.map(({ endTime }) => endTime)].map(msOf);
    expect(moments).toEqual([...moments].sort((left, right) => left - right));
    expect(moments.at(-1)).toBe(msOf(request.endTime));
  }
  expect(spans).toHaveLength(10);
});

test.each([
  {},
  { OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318' },
  { OTEL_SDK_DISABLED: 'true', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318' },
  { OTEL_SERVICE_NAME: 'only a name' },
])('%j asks for no spans', async (environment) => {
  expect(await openTraces(environment)).toBeUndefined();
});

test.each([
  { OTEL_TRACES_EXPORTER: 'zipkin' },
  { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4317', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
])('%j is refused with a sentence', async (environment) => {
  await expect(openTraces(environment)).rejects.toMatchObject({ code: 'UNSUPPORTED_TRACING' });
});

const BEGAN_MS = 1_700_000_000_000;
/** A process of its own: OpenTelemetry loads its HTTP by an import that only modules outside a test may make. */
const RECORDING = `
  const { openTraces } = require(${JSON.stringify(join(__dirname, '../../packages/telemetry'))});
  const loaded = () => Object.keys(require.cache).filter((path) => path.includes('@opentelemetry')).length;
  const record = async () => {
    await openTraces({});
    const unasked = loaded();
    const traces = await openTraces(process.env);
    console.log('unasked: ' + unasked + ', asked: ' + (loaded() > 0));
    traces.record({
      name: 'Produce', startMs: ${BEGAN_MS}, endMs: ${BEGAN_MS + 4},
      attributes: { 'messaging.system': 'kafka' },
      traceparents: ['00-${TRACE}-00f067aa0ba902b7-01'],
      phases: [{ name: 'append', startMs: ${BEGAN_MS + 1}, endMs: ${BEGAN_MS + 2} }],
    });
    await traces.close();
  };
  record();
`;

test('spans leave over OTLP to where the standard variables say, and nothing of it is loaded before', async () => {
  const received: { readonly url: string | undefined; readonly body: unknown }[] = [];
  const receiver = createServer((request, response) => {
    void json(request).then((body) => {
      received.push({ url: request.url, body });
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const { port } = receiver.address() as AddressInfo;
  const loaded = await runToSuccess(process.execPath, ['-e', RECORDING], {
    environment: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` },
  });
  receiver.closeAllConnections();
  receiver.close();
  expect(loaded.toString()).toBe('unasked: 0, asked: true\n');
  expect(received.map(({ url }) => url)).toEqual(['/v1/traces']);
  const text = JSON.stringify(received[0]?.body);
  expect(text).toContain('"stringValue":"kafkaesque"');
  const { resourceSpans } = received[0]?.body as {
    readonly resourceSpans: readonly {
      readonly scopeSpans: readonly { readonly spans: readonly object[] }[];
    }[];
  };
  const spans = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
  expect(spans).toHaveLength(2);
  expect(spans).toContainEqual(
    expect.objectContaining({
      name: 'Produce',
      startTimeUnixNano: `${BEGAN_MS}000000`,
      endTimeUnixNano: `${BEGAN_MS + 4}000000`,
      links: [expect.objectContaining({ traceId: TRACE, spanId: '00f067aa0ba902b7' })],
    }),
  );
});
