// This project's client as a member of a group that commits each record: own-group.mjs BOOTSTRAP '{"group": …, "topic": …}'
//
// Options beside them: protocol (classic, consumer), assignor, instance, sessionMs, heartbeatMs.
import { openClient } from '@kafkaesque/client';
import { tell, toldToLeave } from './group-events.mjs';

const [bootstrap, optionsText] = process.argv.slice(2);
const { group, topic, name, protocol, assignor, instance, sessionMs, heartbeatMs } = JSON.parse(optionsText);
const client = openClient({ bootstrapServers: bootstrap, clientId: name });
const consumer = client.consumer({
  groupId: group,
  groupInstanceId: instance,
  groupProtocol: protocol,
  ...(protocol === 'consumer'
    ? { groupRemoteAssignor: assignor }
    : {
        ...{ sessionTimeoutMs: sessionMs, heartbeatIntervalMs: heartbeatMs },
        partitionAssignmentStrategy: [assignor ?? 'range'],
      }),
  enableAutoCommit: false,
  autoOffsetReset: 'earliest',
  fetchMaxWaitMs: 100,
  metadataMaxAgeMs: 1000,
});

const held = new Set();
const tellHeld = () => tell({ held: [...held].sort((a, b) => a - b) });
const gone = (partitions) => {
  for (const { partition } of partitions) held.delete(partition);
  tellHeld();
};
consumer.subscribe([topic], {
  onAssigned: (partitions) => {
    for (const { partition } of partitions) held.add(partition);
    tellHeld();
  },
  onRevoked: gone,
  onLost: gone,
});

let isLeaving = false;
void toldToLeave().then(() => {
  isLeaving = true;
});
while (!isLeaving) {
  let records = [];
  try {
    records = await consumer.poll({ timeoutMs: 50, maxRecords: 20 });
  } catch (error) {
    tell({ trouble: String(error) });
  }
  for (const { partition, offset, value } of records) {
    if (isLeaving) break;
    tell({ record: [partition, offset, value.toString()] });
    try {
      await consumer.commit([{ topic, partition, offset: offset + 1 }]);
      tell({ committed: [partition, offset + 1] });
    } catch (error) {
      tell({ trouble: String(error) });
    }
  }
}
await consumer.close();
await client.close();
tell({ left: true });
