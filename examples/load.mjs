// Loads a data set into a topic of its own name and reads it back.
//
//   node examples/load.mjs flights [--bootstrap-server localhost:9092]
import { parseArgs } from 'node:util';
import { openClient } from '@kafkaesque/client';
import { datasets, recordsOf } from './datasets.cjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'bootstrap-server': { type: 'string', default: 'localhost:9092' } },
});
const [topic] = positionals;
if (topic === undefined || datasets[topic] === undefined) {
  console.error('usage: node examples/load.mjs DATASET [--bootstrap-server HOST:PORT]\n\ndata sets:');
  for (const [name, { about }] of Object.entries(datasets)) console.error(`  ${name.padEnd(8)} ${about}`);
  process.exit(2);
}

const client = openClient({ bootstrapServers: values['bootstrap-server'] });
const admin = client.admin();
// The rows carry the times of what they tell, which is years ago: the usual retention would delete them within minutes.
const [created] = await admin.createTopics([
  { name: topic, partitions: 3, configs: { 'retention.ms': '-1' } },
]);
console.log(created.kind === 'done' ? `created topic ${topic}` : `topic ${topic}: ${created.error.message}`);

const producer = client.producer({ compression: 'lz4' });
const records = recordsOf(topic);
const sent = [];
for (const record of records) {
  await producer.ready();
  sent.push(producer.send({ topic, ...record }));
}
const places = await Promise.all(sent);
console.log(`wrote ${places.length} records`);

// Reads back what this run wrote: from the first offset it was given in each partition to the last.
const ranges = new Map();
for (const { partition, offset } of places) {
  const [first, last] = ranges.get(partition) ?? [offset, offset];
  ranges.set(partition, [Math.min(first, offset), Math.max(last, offset)]);
}
const consumer = client.consumer();
consumer.assign([...ranges.keys()].map((partition) => ({ topic, partition })));
for (const [partition, [first]] of ranges) consumer.seek({ topic, partition }, first);
const expectedAt = new Map(
  places.map(({ partition, offset }, i) => [`${partition}/${offset}`, records[i].value]),
);
let equal = 0;
while (expectedAt.size > 0) {
  for (const record of await consumer.poll({ timeoutMs: 5000 })) {
    const place = `${record.partition}/${record.offset}`;
    const expected = expectedAt.get(place);
    if (expected === undefined) continue;
    if (record.value?.toString() !== expected)
      throw new Error(`partition and offset ${place} hold something else`);
    expectedAt.delete(place);
    equal += 1;
  }
}
console.log(`read ${equal} back, all as they were written`);
await client.close();
