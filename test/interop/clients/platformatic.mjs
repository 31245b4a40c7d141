// @platformatic/kafka, which is an ES module and so runs in a process of its own: produces rows from standard input.
//
//   platformatic.mjs produce BOOTSTRAP TOPIC '{"codec": "lz4", "acks": "all", "idempotent": true}'
import { text } from 'node:stream/consumers';
import { Producer } from '@platformatic/kafka';

const [, bootstrap, topic, optionsText] = process.argv.slice(2);
const { codec, acks, idempotent } = JSON.parse(optionsText);
const bytes = (packed) => (packed === null ? undefined : Buffer.from(packed, 'base64'));
const rows = (await text(process.stdin))
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line));
const messages = rows.map(({ partition, key, value, timestampMs, headers }) => ({
  topic,
  partition,
  key: bytes(key),
  value: bytes(value),
  headers: new Map(headers.map(([name, content]) => [Buffer.from(name), bytes(content)])),
  ...(timestampMs === null ? {} : { timestamp: BigInt(timestampMs) }),
}));

const producer = new Producer({ clientId: 'interop', bootstrapBrokers: [bootstrap], autocreateTopics: true });
const next = new Map();
const places = [];
const perRequest = 1000;
for (let from = 0; from < messages.length; from += perRequest) {
  const part = messages.slice(from, from + perRequest);
  const { offsets } = await producer.send({
    messages: part,
    compression: codec,
    idempotent,
    acks: { 0: 0, 1: 1, all: -1 }[acks],
  });
  for (const { partition, offset } of offsets ?? []) next.set(partition, Number(offset));
  for (const { partition } of part) {
    const offset = next.get(partition);
    places.push(offset === undefined ? null : { partition, offset });
    next.set(partition, offset === undefined ? undefined : offset + 1);
  }
}
await producer.close();
process.stdout.write(places.map((place) => `${JSON.stringify(place)}\n`).join(''));
