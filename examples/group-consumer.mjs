// A member of a consumer group: run it several times to see partitions shared, stop one to see them move.
//
//   node examples/group-consumer.mjs [BOOTSTRAP] [TOPIC] [GROUP] [classic|consumer]
import { openClient } from '@kafkaesque/client';

const [
  bootstrapServers = 'localhost:9092',
  topic = 'my-topic',
  groupId = 'my-group',
  groupProtocol = 'classic',
] = process.argv.slice(2);

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop.abort());

const names = (partitions) =>
  partitions.map((one) => `${one.topic}-${one.partition}`).join(' ') || 'nothing new';

const client = openClient({ bootstrapServers });
const consumer = client.consumer({ groupId, groupProtocol, autoOffsetReset: 'earliest' });
consumer.subscribe([topic], {
  onAssigned: (partitions) => console.log('assigned:', names(partitions)),
  onRevoked: (partitions) => console.log('revoked:', names(partitions)),
  onLost: (partitions) => console.log('lost:', names(partitions)),
});

try {
  // Records of one partition in order, of up to four partitions at once. What is handled is committed, and nothing else.
  await consumer.run(
    ({ partition, offset, value }) => console.log(`${partition}@${offset}`, value?.toString()),
    { concurrency: 4, signal: stop.signal },
  );
} finally {
  // Commits, leaves the group, and closes the consumer too.
  await client.close();
}
