// @platformatic/kafka, which is an ES module and so runs in a process of its own: sends what it is told to, one lane after
// the other. Reads lines `{"id", "lane", "topic", "partition", "value"}` and answers `{"id", "offset"}` or `{"id", "error"}`;
// after `{"lane", "isGivenUp": true}` that lane goes on with another producer.
//
//   platformatic-sender.mjs BOOTSTRAP REQUEST_TIMEOUT_MS
import { createInterface } from 'node:readline';
import { Producer } from '@platformatic/kafka';

const bootstrapBrokers = process.argv[2].split(',');
const timeout = Number(process.argv[3]);
const producers = new Map();
let generation = 0;

/** A lane whose send failed gets a producer anew: nobody knows how far the other one's sequence had come. */
const producerOf = (lane) => {
  let producer = producers.get(lane);
  if (producer === undefined) {
    generation += 1;
    producer = new Producer({
      ...{ clientId: `platformatic-${lane}-${generation}`, bootstrapBrokers, idempotent: true, acks: -1 },
      ...{ retries: 60, retryDelay: 100, timeout, connectTimeout: 1000, repeatOnStaleMetadata: true },
    });
    producers.set(lane, producer);
  }
  return producer;
};

const abandon = (lane, producer) => {
  if (producer === undefined) return;
  if (producers.get(lane) === producer) producers.delete(lane);
  producer.close(true).catch(() => undefined);
};

const carryOut = async ({ id, lane, topic, partition, value }) => {
  const producer = producerOf(lane);
  try {
    const { offsets } = await producer.send({ messages: [{ topic, partition, value: Buffer.from(value) }] });
    return { id, offset: Number(offsets?.[0]?.offset ?? -1) };
  } catch (error) {
    abandon(lane, producer);
    return { id, error: `${error.code ?? ''} ${error.message}` };
  }
};

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const order = JSON.parse(line);
    if (order.isGivenUp === true) abandon(order.lane, producers.get(order.lane));
    else void carryOut(order).then((answer) => process.stdout.write(`${JSON.stringify(answer)}\n`));
  })
  .on('close', () => process.exit(0));
// A connection that breaks at the wrong moment is no reason to end: the send says what became of it.
process.on('uncaughtException', (error) => process.stderr.write(`${error.stack}\n`));
process.on('unhandledRejection', (error) => process.stderr.write(`${String(error)}\n`));
