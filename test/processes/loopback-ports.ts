import { createServer } from 'node:net';

/** Below what systems give to outgoing connections: nothing takes a port while the node that has it is down. */
const LOWEST = 12_000;
const COUNT = 20_000;

/** Whether nothing listens there at this moment. */
const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: '127.0.0.1', port }, () => server.close(() => resolve(true)));
  });

/** So many ports of the loopback that are free, for nodes that come and go: drawn by chance, for others look for some too. */
export const freePorts = async (count: number): Promise<readonly number[]> => {
  const ports = new Set<number>();
  for (let attempts = 0; ports.size < count; attempts++) {
    if (attempts > 100 * count) throw new Error('there are no free ports on the loopback');
    const port = LOWEST + Math.floor(Math.random() * COUNT);
    if (!ports.has(port) && (await isFree(port))) ports.add(port);
  }
  return [...ports];
};

/** A port, so that it and those at the distances given from it are free. */
export const freePortWith = async (distances: readonly number[]): Promise<number> => {
  for (let attempts = 0; attempts < 1000; attempts++) {
    const port = LOWEST + Math.floor(Math.random() * COUNT);
    const free = await Promise.all([0, ...distances].map((distance) => isFree(port + distance)));
    if (free.every(Boolean)) return port;
  }
  throw new Error('there are no free ports on the loopback');
};
