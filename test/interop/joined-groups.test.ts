import { absence } from './found-clients';
import { groupClients } from './group-members';
import { groupProperties, GroupScene } from './group-scene';
import type { ServerUnderTest } from './server-under-test';
import { openServer } from './server-under-test';
import { workAhead } from './work-ahead';

/** With `KAFKAESQUE_PEERS=1` members come and go more than once. */
const isFull = process.env['KAFKAESQUE_PEERS'] === '1';
jest.setTimeout(isFull ? 900_000 : 300_000);
const ROUNDS = isFull ? 3 : 1;

/** Members wait most of their time, but all of them start first. */
const AT_ONCE = 5;

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
  groupClients,
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

const named = groupClients.map((client) => ({
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
