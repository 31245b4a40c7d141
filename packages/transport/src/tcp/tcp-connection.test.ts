import { once } from 'node:events';
import { connect as dial, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { ConnectionEnd } from '@kafkaesque/kernel';
import { TcpConnection, addressText, connect } from './tcp-connection';

const openServer = async (onSocket: (socket: Socket) => void): Promise<{ server: Server; port: number }> => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
};

const host = '127.0.0.1';

test('connects, sends parts in order, receives, and hears of the end', async () => {
  const { server, port } = await openServer((socket) => socket.pipe(socket));
  const connection = await connect({ host, port, timeoutMs: 5000 });
  expect(connection.remoteAddress).toBe(`127.0.0.1:${String(port)}`);
  let received = '';
  const end = await new Promise<ConnectionEnd>((resolve) => {
    connection.receive({
      data: (chunk) => {
        received += chunk.toString();
        if (received === 'one two three') connection.close();
      },
      drained: () => undefined,
      ended: resolve,
    });
    connection.write([Buffer.from('one '), Buffer.from('two ')]);
    connection.write([Buffer.from('three')]);
  });
  expect(received).toBe('one two three');
  expect(end).toEqual({ kind: 'closed' });
  server.close();
});

test('a reset is a failure with the code of the system', async () => {
  const { server, port } = await openServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
  const connection = await connect({ host, port, timeoutMs: 5000 });
  const end = await new Promise<ConnectionEnd>((resolve) => {
    connection.receive({ data: () => undefined, drained: () => undefined, ended: resolve });
    connection.write([Buffer.from('x')]);
  });
  expect(end).toMatchObject({ kind: 'failed', cause: { code: 'ECONNRESET' } });
  server.close();
});

test('writing after the end fails the write, not the process', async () => {
  const { server, port } = await openServer((socket) => socket.destroy());
  const connection = await connect({ host, port, timeoutMs: 5000 });
  await new Promise((resolve) =>
    connection.receive({ data: () => undefined, drained: () => undefined, ended: resolve }),
  );
  const error = await new Promise((resolve) => connection.write([Buffer.from('x')], resolve));
  expect(error).toMatchObject({ code: 'CONNECTION_CLOSED' });
  server.close();
});

test('a receiver that comes after the end still hears of it', async () => {
  const accepted: Socket[] = [];
  const { server, port } = await openServer((socket) => accepted.push(socket));
  const connection = await connect({ host, port, timeoutMs: 5000 });
  connection.reset();
  await new Promise((resolve) => setTimeout(resolve, 20));
  const end = await new Promise<ConnectionEnd>((resolve) =>
    connection.receive({ data: () => undefined, drained: () => undefined, ended: resolve }),
  );
  expect(end).toEqual({ kind: 'closed' });
  for (const socket of accepted) socket.destroy();
  server.close();
});

test.each([0, 1, 2, 3])('a reset %d ticks after the end began still closes the socket', async (ticks) => {
  const accepted: Socket[] = [];
  const { server, port } = await openServer((socket) => accepted.push(socket));
  const connection = await connect({ host, port, timeoutMs: 5000 });
  await new Promise<ConnectionEnd>((resolve) => {
    connection.receive({ data: () => undefined, drained: () => undefined, ended: resolve });
    connection.close();
    const resetIn = (left: number): void => {
      if (left === 0) connection.reset();
      else process.nextTick(resetIn, left - 1);
    };
    resetIn(ticks);
  });
  for (const socket of accepted) socket.destroy();
  server.close();
});

test('a refused connection is a retriable failure', async () => {
  const { server, port } = await openServer(() => undefined);
  await new Promise((resolve) => server.close(resolve));
  await expect(connect({ host, port, timeoutMs: 5000 })).rejects.toMatchObject({
    code: 'ECONNREFUSED',
    retriable: true,
  });
});

test('a signal gives the connection up', async () => {
  await expect(
    connect({ host, port: 1, timeoutMs: 5000, signal: AbortSignal.abort() }),
  ).rejects.toMatchObject({
    code: 'ABORTED',
  });
  const controller = new AbortController();
  const { server, port } = await openServer(() => undefined);
  const dialling = connect({ host, port, timeoutMs: 5000, signal: controller.signal });
  controller.abort();
  await expect(dialling).rejects.toMatchObject({ code: 'ABORTED' });
  server.close();
});

test('addresses read as people write them', () => {
  expect(addressText('::ffff:10.0.0.1', 9092)).toBe('10.0.0.1:9092');
  expect(addressText('::1', 9092)).toBe('[::1]:9092');
  expect(addressText('broker', 1)).toBe('broker:1');
});

test('who does not read what was written is given up, and who wrote hears of it', async () => {
  const accepted: Socket[] = [];
  const { server, port } = await openServer((socket) => accepted.push(socket.pause()));
  const dialled = dial({ host, port });
  await once(dialled, 'connect');
  const connection = new TcpConnection(dialled, 50);
  const outcomes: unknown[] = [];
  const end = await new Promise<ConnectionEnd>((resolve) => {
    connection.receive({ data: () => undefined, drained: () => undefined, ended: resolve });
    // More than any socket's buffers take.
    connection.write([Buffer.alloc(64 << 20)], (error) => outcomes.push(error));
  });
  expect(end).toMatchObject({ kind: 'failed', cause: { code: 'READER_STALLED' } });
  expect(outcomes).toHaveLength(1);
  for (const socket of accepted) socket.destroy();
  server.close();
});
