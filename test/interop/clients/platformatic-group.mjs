// @platformatic/kafka as a member of a group that commits each record:
//
//   platformatic-group.mjs BOOTSTRAP '{"group": …, "topic": …}'
//
// Options beside them: protocol (classic, consumer), assignor, instance, sessionMs, heartbeatMs.
import { clearInterval, setInterval } from 'node:timers';
import { Consumer, MessagesStreamFallbackModes, MessagesStreamModes } from '@platformatic/kafka';
import { tell, toldToLeave } from './group-events.mjs';

const [bootstrap, optionsText] = process.argv.slice(2);
const { group, topic, name, protocol, assignor, instance, sessionMs, heartbeatMs } = JSON.parse(optionsText);
const consumer = new Consumer({
  clientId: name,
  groupId: group,
  bootstrapBrokers: bootstrap.split(','),
  groupProtocol: protocol,
  ...(instance === undefined ? {} : { groupInstanceId: instance }),
  ...(protocol === 'consumer'
    ? { groupRemoteAssignor: assignor }
    : {
        sessionTimeout: sessionMs,
        rebalanceTimeout: 30_000,
        heartbeatInterval: heartbeatMs,
        protocols: [{ name: assignor ?? 'roundrobin', version: 1 }],
      }),
  autocommit: false,
  maxWaitTime: 100,
  metadataMaxAge: 1000,
  retries: 60,
  retryDelay: 100,
});
const held = () =>
  (consumer.assignments ?? []).find((assignment) => assignment.topic === topic)?.partitions ?? [];
const tellHeld = () => tell({ held: [...held()].sort((a, b) => a - b) });
consumer.on('consumer:group:join', tellHeld);
consumer.on('consumer:group:rebalance', () => tell({ held: [] }));
consumer.on('consumer:group:rejoin', tellHeld);
consumer.on('error', (error) => tell({ trouble: String(error) }));
// With the newer protocol an assignment comes with an answer to a heartbeat, and no event tells of it.
let told = '';
const watch = setInterval(() => {
  const now = JSON.stringify(held());
  if (protocol === 'consumer' && now !== told) tellHeld();
  told = now;
}, 20);

const stream = await consumer.consume({
  topics: [topic],
  mode: MessagesStreamModes.COMMITTED,
  fallbackMode: MessagesStreamFallbackModes.EARLIEST,
  // What is read ahead is shown after a partition was given away.
  highWaterMark: 1,
});
stream.on('error', (error) => tell({ trouble: String(error) }));
let isLeaving = false;
void toldToLeave().then(async () => {
  isLeaving = true;
  await stream.close();
});
try {
  for await (const { partition, offset, value, commit } of stream) {
    if (isLeaving) break;
    const next = Number(offset) + 1;
    tell({ record: [partition, next - 1, value.toString()] });
    try {
      await commit();
      tell({ committed: [partition, next] });
    } catch (error) {
      tell({ trouble: String(error) });
    }
  }
} catch (error) {
  tell({ trouble: String(error) });
}
clearInterval(watch);
await consumer.close(true);
tell({ left: true });
process.exit(0);
