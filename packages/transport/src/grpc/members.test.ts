import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { BufferPool, silentLogger } from '@kafkaesque/kernel';
import type { AcceptChannel, MemberAddress } from '@kafkaesque/kernel';
import { channelCases } from '@kafkaesque/kernel/conformance';
import type { ChannelListener, ChannelWorld } from '@kafkaesque/kernel/conformance';
import { listen } from '../tcp/listener';
import { RequestMemory } from '../tcp/request-memory';
import { memberDialer } from './member-dialer';
import type { MemberDialer } from './member-dialer';
import { membersService } from './members-service';
import type { MemberLimits } from './members-service';
import { ServingState } from './serving-state';

const host = '127.0.0.1';

const openListener = async (
  accept: AcceptChannel,
  limits: MemberLimits = {},
  port = 0,
): Promise<ChannelListener> => {
  const listener = await listen({
    name: 'CONTROLLER',
    host,
    port,
    maxRequestBytes: 1 << 20,
    clock: { monotonicMs: () => 0, wallMs: () => 0, wakeAt: () => () => undefined },
    logger: silentLogger,
    pool: new BufferPool({ keptBytes: 0 }),
    memory: new RequestMemory({ limitBytes: 1 << 20 }),
    grpc: { serving: new ServingState(), services: async () => [await membersService(accept, limits)] },
    onKafka: (connection) => connection.reset(),
  });
  return { address: { host, port: listener.port }, stop: () => listener.close() };
};

const vacantAddress = async (): Promise<MemberAddress> => {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return { host, port };
};

const pass = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await pass(1);
};

const realWorld = async (dialer: MemberDialer): Promise<ChannelWorld> => ({
  dialer,
  vacantAddress: await vacantAddress(),
  listen: (accept, address) => openListener(accept, {}, address?.port),
  until,
  settle: () => pass(30),
});

describe('a channel over gRPC keeps the promises of the port:', () => {
  test.each(channelCases)('$name', async ({ run }) => {
    const dialer = memberDialer();
    await run(await realWorld(dialer));
    dialer.close();
  });
});
