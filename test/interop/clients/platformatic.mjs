// @platformatic/kafka, which is an ES module and so runs in a process of its own: produces rows, one question a line.
//
//   platformatic.mjs BOOTSTRAP
//   {"ask": "produce", "topic": "movies", "codec": "lz4", "acks": "all", "idempotent": true, "rows": [...]}
import { createInterface } from 'node:readline';
import { inspect } from 'node:util';
import { Producer } from '@platformatic/kafka';

const [bootstrap] = process.argv.slice(2);
const bytes = (packed) => (packed === null ? undefined : Buffer.from(packed, 'base64'));
const perRequest = 1000;

const produce = async ({ topic, codec, acks, idempotent, rows }) => {
  const messages = rows.map(({ partition, key, value, timestampMs, headers }) => ({
    topic,
    partition,
    key: bytes(key),
    value: bytes(value),
    headers: new Map(headers.map(([name, content]) => [Buffer.from(name), bytes(content)])),
    ...(timestampMs === null ? {} : { timestamp: BigInt(timestampMs) }),
  }));
  const producer = new Producer({
    clientId: 'interop',
    bootstrapBrokers: [bootstrap],
    autocreateTopics: true,
  });
  try {
    const next = new Map();
    const places = [];
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
    return places;
  } finally {
    await producer.close();
  }
};

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = { ok: await produce(JSON.parse(line)) };
  } catch (error) {
    answer = { error: inspect(error, { depth: 10 }) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
