import { connectTo } from '../node/node-client';
import type { GroupClient, GroupProtocol } from './group-members';
import { groupClients } from './group-members';
import { groupProperties, GroupScene } from './group-scene';
import type { ServerUnderTest } from './server-under-test';
import { openServer } from './server-under-test';
import { workAhead } from './work-ahead';

jest.setTimeout(process.env['KAFKAESQUE_PEERS'] === '1' ? 900_000 : 300_000);

let server: ServerUnderTest;
beforeAll(async () => {
  server = await openServer({ properties: groupProperties });
});

const clientOf = (name: string, protocol: GroupProtocol): GroupClient | undefined =>
  groupClients.find((client) => client.name === name && client.protocol === protocol);

/**
 * Who comes by the old protocol, and who by the new one. The members of @platformatic/kafka tell no group by the old one what they
 * subscribe to in the words of KIP-848, and kcat leaves out a record now and then when it is told to leave; in Apache Kafka too.
 */
const pairs = [
  ['@kafkaesque/client', '@kafkaesque/client'],
  ['confluent-kafka', 'confluent-kafka'],
  ['aiokafka', 'confluent-kafka'],
  ['kafkajs', 'confluent-kafka'],
  ['confluent-kafka', '@platformatic/kafka'],
  ['verifiable-consumer', 'verifiable-consumer'],
  ['@kafkaesque/client', 'verifiable-consumer'],
].flatMap(([older = '', newer = '']) => {
  const classic = clientOf(older, 'classic');
  const consumer = clientOf(newer, 'consumer');
  return classic === undefined || consumer === undefined
    ? []
    : [{ name: `${older} and ${newer}`, classic, consumer }];
});

interface Migrated {
  readonly faults: readonly string[];
  readonly types: readonly string[];
  readonly committed: readonly number[];
  readonly ends: readonly number[];
}

const typeOf = async (group: string): Promise<string> => {
  await using connection = await connectTo({ bootstrapServers: server.bootstrap });
  const { groups } = await connection.ask('ListGroups', 5, { statesFilter: [], typesFilter: [] });
  return groups.find(({ groupId }) => groupId === group)?.groupType ?? 'none';
};

/** From members of the old protocol by way of both to the new one, and the same way back, while records are written. */
const scenes = workAhead(
  pairs,
  async ({ name, classic, consumer }): Promise<Migrated> => {
    await using scene = await GroupScene.open(server, `mixed-${name}`, {
      isStrict: classic.isExact && consumer.isExact,
    });
    const types: string[] = [];
    const old = [scene.join(classic), scene.join(classic)] as const;
    await scene.shared(old);
    types.push(await typeOf(scene.group));
    const young = scene.join(consumer);
    await scene.shared([...old, young]);
    types.push(await typeOf(scene.group));
    await old[0].leave();
    await scene.shared([old[1], young]);
    await old[1].leave();
    await scene.shared([young]);
    types.push(await typeOf(scene.group));
    const again = scene.join(classic);
    await scene.shared([young, again]);
    types.push(await typeOf(scene.group));
    await young.leave();
    await scene.shared([again]);
    types.push(await typeOf(scene.group));
    const last = scene.join(classic);
    await scene.shared([again, last]);
    await scene.processedAll({ isCommitted: classic.isExact && consumer.isExact });
    await Promise.all([again.leave(), last.leave()]);
    const committed = await scene.committedOffsets();
    return { faults: scene.faults(), types, committed, ends: scene.ends };
  },
  3,
);
afterAll(async () => {
  await scenes.settled();
  await server.close();
});

test.each(pairs)(
  '$name: a group goes from the classic protocol to the newer one and back, and no position is lost',
  async (pair) => {
    const { faults, types, committed, ends } = await scenes.of(pair);
    expect(faults).toEqual([]);
    expect(types).toEqual(['classic', 'consumer', 'consumer', 'consumer', 'classic']);
    if (pair.classic.isExact && pair.consumer.isExact) expect(committed).toEqual(ends);
  },
);
