import type { LogFields } from '@kafkaesque/kernel';
import type { NamedLogger } from '@kafkaesque/telemetry';
import { ErrorCounts } from '../handlers/error-counts';
import type { CompletedRequest } from './completed-request';
import { RequestLog } from './request-log';

/** A log with what it wrote. */
const openLog = (
  options: { readonly level?: 'debug' | 'info' | 'warn'; readonly slowThresholdMs?: number } = {},
) => {
  const written: { readonly level: string; readonly message: string; readonly fields: LogFields }[] = [];
  const { level = 'info', slowThresholdMs = 100 } = options;
  const order = ['debug', 'info', 'warn', 'error'];
  const write =
    (at: string) =>
    (message: string, fields: LogFields = {}): void => {
      written.push({ level: at, message, fields });
    };
  const logger: NamedLogger = {
    isEnabled: (asked) => order.indexOf(asked) >= order.indexOf(level),
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: () => logger,
  };
  const log = new RequestLog({ logger, slowThresholdMs, protocolOf: () => 'PLAINTEXT' });
  return { log, written };
};

/** A request that arrived at 1,000 and whose answer was there at 1,000 + `tookMs`, all of it remote time. */
const requestOf = (tookMs: number, patienceMs = 0): CompletedRequest => ({
  served: {
    name: 'InitProducerId',
    key: 22,
    advertised: { min: 0, max: 5 },
    minServed: 0,
    errors: new ErrorCounts({}),
    authorization: { kind: 'open' },
    quota: 'exempt',
    handle: () => ({ kind: 'none' }),
  },
  connectionId: 7,
  listenerName: 'CLIENTS',
  remoteAddress: '10.0.0.1:4711',
  localAddress: '10.0.0.2:9092',
  principal: { type: 'User', name: 'ANONYMOUS' },
  apiKey: 22,
  apiVersion: 4,
  isUnknownVersion: false,
  correlationId: 9,
  clientId: 'c',
  clientSoftware: { name: 'librdkafka', version: '2.0' },
  isClosed: () => false,
  letGo: () => undefined,
  patienceMs,
  temporaryBytes: 0,
  traceparents: undefined,
  requestBytes: 30,
  responseBytes: 40,
  arrivedAtMs: 1000,
  startedAtMs: 1001,
  returnedAtMs: 1003,
  answeredAtMs: 1003 + tookMs,
  leavingAtMs: 1007 + tookMs,
});

test('a request at debug has the fields of Kafka’s RequestLogger', () => {
  const { log, written } = openLog({ level: 'debug' });
  log.completed(requestOf(50), 1065);
  expect(written).toEqual([
    {
      level: 'debug',
      message: 'Completed request',
      fields: {
        isForwarded: false,
        requestHeader: {
          requestApiKey: 22,
          requestApiVersion: 4,
          correlationId: 9,
          clientId: 'c',
          requestApiKeyName: 'INIT_PRODUCER_ID',
        },
        requestSizeBytes: 30,
        responseSizeBytes: 40,
        connection: '10.0.0.2:9092-10.0.0.1:4711-0-7',
        totalTimeMs: 65,
        requestQueueTimeMs: 1,
        localTimeMs: 2,
        remoteTimeMs: 50,
        throttleTimeMs: 0,
        responseQueueTimeMs: 4,
        sendTimeMs: 8,
        securityProtocol: 'PLAINTEXT',
        principal: 'User:ANONYMOUS',
        listener: 'CLIENTS',
        clientInformation: { softwareName: 'librdkafka', softwareVersion: '2.0' },
      },
    },
  ]);
});

test.each([
  { tookMs: 50, patienceMs: 0, slowThresholdMs: 100, slow: 0 },
  { tookMs: 150, patienceMs: 0, slowThresholdMs: 100, slow: 1 },
  // A consumer that asked to wait half a second waited for records, not for the broker.
  { tookMs: 500, patienceMs: 500, slowThresholdMs: 100, slow: 0 },
  { tookMs: 650, patienceMs: 500, slowThresholdMs: 100, slow: 1 },
  { tookMs: 150, patienceMs: 0, slowThresholdMs: -1, slow: 0 },
])('$tookMs ms, of which $patienceMs were agreed, beside $slowThresholdMs: $slow lines', (one) => {
  const { log, written } = openLog(one);
  log.completed(requestOf(one.tookMs, one.patienceMs), 1010 + one.tookMs);
  expect(written.map(({ level, message }) => `${level} ${message}`)).toEqual(
    one.slow === 1 ? ['info Slow request'] : [],
  );
});

test('when every request is slow, ten lines a second say so, and the next how many were left out', () => {
  const { log, written } = openLog();
  for (let i = 0; i < 25; i++) log.completed(requestOf(150), 2000 + i);
  expect(written).toHaveLength(10);
  log.completed(requestOf(150), 3000);
  expect(written.map(({ fields }) => fields['slowRequestsLeftOut'])).toEqual([
    ...Array.from({ length: 10 }, () => undefined),
    15,
  ]);
  log.completed(requestOf(150), 3001);
  expect(written.at(-1)?.fields).not.toHaveProperty('slowRequestsLeftOut');
});

test('writes nothing where nobody asked for it', () => {
  const { log, written } = openLog({ level: 'warn' });
  log.completed(requestOf(150), 1200);
  log.completed(requestOf(1), 1200);
  expect(written).toEqual([]);
});
