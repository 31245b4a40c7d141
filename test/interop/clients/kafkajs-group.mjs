// kafkajs as a member of a group that commits each record: kafkajs-group.mjs BOOTSTRAP '{"group": …, "topic": …}'
//
// Options beside them: sessionMs, heartbeatMs. Its only assignor is called RoundRobinAssigner, and it knows no static members.
import { Kafka, logLevel } from 'kafkajs';
import { tell, toldToLeave } from './group-events.mjs';

const [bootstrap, optionsText] = process.argv.slice(2);
const { group, topic, name, sessionMs, heartbeatMs } = JSON.parse(optionsText);
const kafka = new Kafka({
  clientId: name,
  brokers: bootstrap.split(','),
  logLevel: logLevel.NOTHING,
  connectionTimeout: 1000,
  requestTimeout: 10_000,
  // A coordinator that is dead is looked for anew only once all retries have failed.
  retry: { initialRetryTime: 50, maxRetryTime: 300, retries: 2 },
});

const begin = async () => {
  const consumer = kafka.consumer({
    groupId: group,
    sessionTimeout: sessionMs,
    rebalanceTimeout: 30_000,
    heartbeatInterval: heartbeatMs,
    maxWaitTimeInMs: 100,
    metadataMaxAge: 1000,
  });
  const { GROUP_JOIN, REBALANCING, CRASH } = consumer.events;
  consumer.on(GROUP_JOIN, ({ payload }) => tell({ held: payload.memberAssignment[topic] ?? [] }));
  consumer.on(REBALANCING, () => tell({ held: [] }));
  consumer.on(CRASH, ({ payload }) => {
    tell({ trouble: String(payload.error) });
    tell({ held: [] });
    // Thrown out while it commits, it ends for good: an application begins with another one.
    if (!payload.restart) current = begin();
  });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    async eachBatch({ batch, heartbeat, resolveOffset, isRunning, isStale }) {
      for (const { offset, value } of batch.messages) {
        if (!isRunning() || isStale()) return;
        const next = Number(offset) + 1;
        tell({ record: [batch.partition, next - 1, value.toString()] });
        await consumer.commitOffsets([{ topic, partition: batch.partition, offset: String(next) }]);
        tell({ committed: [batch.partition, next] });
        resolveOffset(offset);
        await heartbeat();
      }
    },
  });
  return consumer;
};

let current = begin();
await current;
await toldToLeave();
await (await current).disconnect();
tell({ left: true });
