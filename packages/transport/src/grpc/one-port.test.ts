import { once } from 'node:events';
import { connect as dial } from 'node:net';
import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import { Client, credentials, status } from '@grpc/grpc-js';
import { BufferPool, silentLogger } from '@kafkaesque/kernel';
import { RequestMemory } from '../tcp/request-memory';
import { listen } from '../tcp/listener';
import type { Listener } from '../tcp/listener';
import { SERVING_STATUS } from './health-codec';
import type { HealthCheckResponse } from './health-codec';
import { healthDefinition } from './health-service';
import { ServingState } from './serving-state';

const openListener = (serving: ServingState): Promise<Listener> =>
  listen({
    name: 'PLAINTEXT',
    host: '127.0.0.1',
    port: 0,
    maxRequestBytes: 1 << 20,
    clock: { monotonicMs: () => 0, wallMs: () => 0, wakeAt: () => () => undefined },
    logger: silentLogger,
    pool: new BufferPool({ keptBytes: 0 }),
    memory: new RequestMemory({ limitBytes: 1 << 20 }),
    grpc: { serving },
    onKafka: (connection) =>
      connection.receive({
        frame: (frame) => connection.write([Buffer.from([0, 0, 0, frame.length]), frame]),
        drained: () => undefined,
        ended: () => undefined,
      }),
  });

const check = (client: Client, service: string): Promise<HealthCheckResponse> =>
  new Promise((resolve, reject) => {
    const { path, requestSerialize, responseDeserialize } = healthDefinition.Check;
    const done = (error: ServiceError | null, response?: HealthCheckResponse): void => {
      if (error !== null) reject(error);
      else resolve(response!);
    };
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { service }, done);
  });

const watch = (client: Client, service: string): ClientReadableStream<HealthCheckResponse> => {
  const { path, requestSerialize, responseDeserialize } = healthDefinition.Watch;
  const stream = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, { service });
  stream.on('error', () => undefined);
  return stream;
};

const kafkaRequest = Buffer.from('0000000a0012000000000007ffff', 'hex');

test('a gRPC client and a Kafka client are served on the same port', async () => {
  const serving = new ServingState();
  await using listener = await openListener(serving);
  const client = new Client(`127.0.0.1:${String(listener.port)}`, credentials.createInsecure());
  const socket = dial(listener.port, '127.0.0.1');
  expect(await check(client, '')).toEqual({ status: SERVING_STATUS.NOT_SERVING });
  socket.write(kafkaRequest);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.equals(kafkaRequest)).toBe(true);
  serving.set(true);
  expect(await check(client, '')).toEqual({ status: SERVING_STATUS.SERVING });
  await expect(check(client, 'nobody')).rejects.toMatchObject({ code: status.NOT_FOUND });
  socket.destroy();
  client.close();
});

test('Watch tells the state and every change', async () => {
  const serving = new ServingState();
  await using listener = await openListener(serving);
  const client = new Client(`127.0.0.1:${String(listener.port)}`, credentials.createInsecure());
  const stream = watch(client, '');
  const next = async (): Promise<HealthCheckResponse> =>
    ((await once(stream, 'data')) as [HealthCheckResponse])[0];
  expect((await next()).status).toBe(SERVING_STATUS.NOT_SERVING);
  serving.set(true);
  expect((await next()).status).toBe(SERVING_STATUS.SERVING);
  serving.set(false);
  expect((await next()).status).toBe(SERVING_STATUS.NOT_SERVING);
  expect(serving.watcherCount).toBe(1);
  const unknown = watch(client, 'nobody');
  expect(await once(unknown, 'data')).toEqual([{ status: SERVING_STATUS.SERVICE_UNKNOWN }]);
  unknown.cancel();
  stream.cancel();
  while (serving.watcherCount > 0) await new Promise((resolve) => setImmediate(resolve));
  client.close();
});

test('closing the listener ends gRPC connections', async () => {
  const serving = new ServingState();
  const listener = await openListener(serving);
  const client = new Client(`127.0.0.1:${String(listener.port)}`, credentials.createInsecure());
  const stream = watch(client, '');
  await once(stream, 'data');
  const ended = once(stream, 'end').catch(() => undefined);
  await listener.close();
  await ended;
  expect(listener.connectionCount).toBe(0);
  client.close();
});
