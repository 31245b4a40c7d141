import { absence } from './found-clients';
import { groupClients } from './group-members';
import { groupProperties, GroupScene } from './group-scene';
import type { ServerUnderTest } from './server-under-test';
import { openServer } from './server-under-test';
import { workAhead } from './work-ahead';

/** With `KAFKAESQUE_PEERS=1` members come and go more than once, and every client is asked. */
const isFull = process.env['KAFKAESQUE_PEERS'] === '1';
jest.setTimeout(isFull ? 900_000 : 150_000);
const ROUNDS = isFull ? 3 : 1;
/**
 * What fits into two minutes. The consumer protocols of librdkafka and @platformatic/kafka belong to the full form: beside six other
 * groups, one member of the former was once seen to keep all partitions.
 */
const clients = groupClients.filter(
  ({ name, protocol }) =>
    isFull || name === '@kafkaesque/client' || (protocol === 'classic' && name !== '@platformatic/kafka'),
);

/** Members wait most of their time. */
const AT_ONCE = 7;

const notAsked = absence();
if (notAsked !== undefined) process.stderr.write(`${notAsked}\n`);

let server: ServerUnderTest;
beforeAll(async () => {
  server = await openServer({ properties: groupProperties });
});

interface Joined {
  readonly faults: readonly string[];
  readonly committed: readonly number[];
  readonly ends: readonly number[];
}

/** Three members share; one is killed, one leaves, one joins, while records are written. */
const scenes = workAhead(
  clients,
  async (client): Promise<Joined> => {
    await using scene = await GroupScene.open(server, `joined-${client.name}-${client.protocol}`, {
      isStrict: client.isExact,
    });
    const c = scene.join(client);
    let [a, b] = [scene.join(client), scene.join(client)];
    for (let round = 0; round < ROUNDS; round += 1) {
      await scene.shared([a, b, c]);
      const victim = a;
      // What a client has committed before it shows it is lost with it.
      if (client.commitsEach) await victim.kill();
      else await scene.whileIdle(() => victim.kill());
      await scene.shared([b, c]);
      const leaver = b;
      if (client.commitsEach) await leaver.leave();
      else await scene.whileIdle(() => leaver.leave());
      await scene.shared([c]);
      a = scene.join(client);
      await scene.shared([a, c]);
      if (round + 1 < ROUNDS) b = scene.join(client);
    }
    await scene.processedAll({ isCommitted: client.isExact });
    await Promise.all([a.leave(), c.leave()]);
    const committed = await scene.committedOffsets();
    return { faults: scene.faults(), committed, ends: scene.ends };
  },
  AT_ONCE,
);
afterAll(async () => {
  await scenes.settled();
  await server.close();
});

const named = clients.map((client) => ({
  name: `${client.name} (${client.protocol})`,
  promise: client.isExact ? 'none again once its commit was told' : 'at least once',
  client,
}));

test.each(named)(
  '$name: three members share, one is killed, one leaves, one joins, and every record is processed, $promise',
  async ({ client }) => {
    const { faults, committed, ends } = await scenes.of(client);
    expect(faults).toEqual([]);
    // What fails to be committed in a rebalance is committed with the next record, of which there may be none.
    if (client.isExact || !client.commitsEach) expect(committed).toEqual(ends);
  },
);
