import { BufferPool, hasCode } from '@kafkaesque/kernel';
import type { World } from '@kafkaesque/server';
import { RequestMemory } from '@kafkaesque/transport';

/** Below what systems give to outgoing connections: nothing takes a port while the node that has it is down. */
const LOWEST = 12_000;
const COUNT = 20_000;

type PortWorld = Pick<World, 'listen' | 'random' | 'clock' | 'logger'>;

/** So many ports of the loopback that are free: drawn by chance, for others look for some too. */
export const freePorts = async (world: PortWorld, count: number): Promise<readonly number[]> => {
  const ports = new Set<number>();
  for (let attempts = 0; ports.size < count; attempts++) {
    if (attempts > 100 * count) throw new Error('there are no free ports on the loopback');
    const port = LOWEST + world.random.below(COUNT);
    if (!ports.has(port) && (await isFree(world, port))) ports.add(port);
  }
  return [...ports];
};

const isFree = async ({ listen, clock, logger }: PortWorld, port: number): Promise<boolean> => {
  try {
    const listener = await listen({
      ...{ name: 'free?', host: '127.0.0.1', port, maxRequestBytes: 1024, clock, logger },
      pool: new BufferPool({ keptBytes: 0 }),
      memory: new RequestMemory({ limitBytes: 1024 }),
      onKafka: (connection) => {
        connection.receive({ frame: () => undefined, drained: () => undefined, ended: () => undefined });
        connection.reset();
      },
    });
    await listener.close();
    return true;
  } catch (error) {
    if (hasCode(error, 'EADDRINUSE')) return false;
    throw error;
  }
};
