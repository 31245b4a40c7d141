import { SeededRandom } from '@kafkaesque/kernel';
import { casesOf, channelCases } from '@kafkaesque/kernel/conformance';
import type { ChannelWorld } from '@kafkaesque/kernel/conformance';
import { Scheduler } from '../scheduler';
import { drawNetworkFaults } from './faults';
import type { NetworkFaults } from './faults';
import { SimulatedNetwork } from './simulated-network';

/** What a link of a network that is whole may be like. */
const wholeLinks = (seed: number): Partial<NetworkFaults> => {
  const drawn = drawNetworkFaults(new SeededRandom(seed));
  return { ...drawn, bytesPerMs: Math.max(drawn.bytesPerMs, 50_000), reset: 0, late: seed % 2 };
};

const channelWorld = (seed: number, faults: Partial<NetworkFaults>): ChannelWorld => {
  const scheduler = new Scheduler();
  const network = new SimulatedNetwork({ random: new SeededRandom(seed), scheduler, faults });
  const near = network.attach('near');
  const far = network.attach('far');
  let port = 9093;
  return {
    dialer: near,
    vacantAddress: { host: 'far', port: 1 },
    listen: (accept, address = { host: 'far', port: port++ }) => {
      const stop = far.listen(address.port, accept);
      return Promise.resolve({
        address,
        stop: () => {
          stop();
          return Promise.resolve();
        },
      });
    },
    until: async (condition) => {
      const end = await scheduler.run({ until: condition, untilMs: scheduler.nowMs + 600_000 });
      if (end !== 'condition') throw new Error(`it did not come to hold (${end})`);
    },
    settle: async () => {
      await scheduler.run({ untilMs: scheduler.nowMs + 15_000 });
    },
  };
};

describe('the simulated network keeps the promises of the port:', () => {
  test.each(channelCases)('$name', async ({ run }) => {
    await run(channelWorld(1, {}));
  });

  test.each(channelCases)('whatever its links are like: $name', async ({ run }) => {
    for (let seed = 0; seed < casesOf(3, 8); seed++) await run(channelWorld(seed, wholeLinks(seed)));
  });
});
