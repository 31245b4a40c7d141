import { framed, header, int32 } from './bytes';
import type { Target } from './target';
import { isKafka, onlyOurs, openTarget } from './target';

/** The transport's own tests prove the reader: `transport/src/kafka-frames/frame-reader.test.ts`. */
const MAX_REQUEST_BYTES = 100 * 1024 * 1024;

let target: Target;
beforeAll(async () => {
  target = await openTarget();
});
afterAll(() => target[Symbol.asyncDispose]());

const lengths: readonly (readonly [string, number])[] = [
  ['of the smallest negative length', -2147483648],
  ['of negative length', -1],
  ['of length 0', 0],
  ...[1, 2, 3, 4, 5, 6, 7].map((length) => [`of length ${length}, less than a header`, length] as const),
  ['one byte above socket.request.max.bytes', MAX_REQUEST_BYTES + 1],
  ['of the greatest length', 2147483647],
];

test.each(lengths)('B1: a frame %s closes the connection at once', async (_, length) => {
  await using client = await target.connect();
  // Kafka looks at a short frame when it is complete; we know from the length.
  await client.send(
    Buffer.concat([int32(length), Buffer.alloc(isKafka && length >= 0 && length < 8 ? length : 0)]),
  );
  await client.closed;
  expect(client.unreadBytes).toBe(0);
  expect(await target.isServing()).toBe(true);
});

test.each([
  ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
  ['another HTTP request', Buffer.from('POST /topics HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}')],
  ['a TLS hello', Buffer.from('16030100c8010000c40303', 'hex')],
  ['an SSH greeting', Buffer.from('SSH-2.0-OpenSSH_9.2p1\r\n')],
])('B1: %s on the plain port closes the connection at once', async (_, bytes) => {
  await using client = await target.connect();
  await client.send(bytes);
  await client.closed;
  expect(await target.isServing()).toBe(true);
});

test('B1: what came before a frame of impossible length is answered', async () => {
  await using client = await target.connect();
  await client.ask('ApiVersions', 0, {});
  await client.send(int32(-1));
  await client.closed;
});

onlyOurs('B1: memory follows what arrived, not what was claimed', async () => {
  const before = process.memoryUsage();
  const clients = await Promise.all(Array.from({ length: 64 }, () => target.connect()));
  // 6.25 GiB claimed, 64 KiB sent.
  const start = Buffer.concat([int32(MAX_REQUEST_BYTES), Buffer.alloc(1024)]);
  await Promise.all(clients.map((client) => client.send(start)));
  expect(await target.isServing()).toBe(true);
  const after = process.memoryUsage();
  expect(after.rss - before.rss).toBeLessThan(64 * 1024 * 1024);
  expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(32 * 1024 * 1024);
  await Promise.all(clients.map((client) => client.reset()));
});

test('B1: the shortest frame that can be a request is looked at', async () => {
  await using client = await target.connect();
  // ApiVersions version 0 with a null client id: a header of 10 bytes and no body.
  await client.send(framed(header({ apiKey: 18, apiVersion: 0, correlationId: 7 })));
  expect((await client.receive())?.readInt32BE(0)).toBe(7);
});
