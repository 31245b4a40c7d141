import { once } from 'node:events';
import { connect as dial } from 'node:net';
import type { Socket } from 'node:net';
import { BufferPool, silentLogger } from '@kafkaesque/kernel';
import type { CancelWake, Clock } from '@kafkaesque/kernel';
import { listen } from './listener';
import type { Listener, ListenOptions } from './listener';
import { RequestMemory } from './request-memory';
import type { KafkaConnection } from './kafka-connection';

/** A clock that stands still until a test moves it. */
class ManualClock implements Clock {
  #nowMs = 0;
  readonly #wakes = new Set<{ readonly atMs: number; readonly wake: () => void }>();

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs;
  }

  wakeAt(atMs: number, wake: () => void): CancelWake {
    const entry = { atMs, wake };
    this.#wakes.add(entry);
    return () => {
      this.#wakes.delete(entry);
    };
  }

  get wakeCount(): number {
    return this.#wakes.size;
  }

  /** Moves in steps, so that wake-ups that ask for another one get it in time. */
  advance(byMs: number, stepMs = 5): void {
    for (let moved = 0; moved < byMs; moved += stepMs) {
      this.#nowMs += stepMs;
      for (const entry of this.#wakes) {
        if (entry.atMs > this.#nowMs || !this.#wakes.delete(entry)) continue;
        entry.wake();
      }
    }
  }
}

/** A listener that echoes every frame, with what it saw. */
interface Echo extends AsyncDisposable {
  readonly listener: Listener;
  readonly clock: ManualClock;
  readonly pool: BufferPool;
  readonly memory: RequestMemory;
  readonly frames: Buffer[];
  readonly connections: KafkaConnection[];
  endedCount: number;
}

const openEcho = async (
  options: Partial<ListenOptions> & { answer?: (connection: KafkaConnection, frame: Buffer) => void } = {},
): Promise<Echo> => {
  const clock = new ManualClock();
  const pool = new BufferPool({ keptBytes: 1 << 20, poison: true });
  const memory = options.memory ?? new RequestMemory({ limitBytes: 64 << 20 });
  const frames: Buffer[] = [];
  const connections: KafkaConnection[] = [];
  const answer = options.answer ?? echo;
  const listener = await listen({
    name: 'PLAINTEXT',
    host: '127.0.0.1',
    port: 0,
    maxRequestBytes: 100 << 20,
    firstByteDeadlineMs: 300,
    incompleteFrameDeadlineMs: 300,
    clock,
    logger: silentLogger,
    pool,
    memory,
    onKafka: (connection) => {
      connections.push(connection);
      connection.receive({
        frame: (frame, lease) => {
          const copy = Buffer.from(frame);
          lease?.release();
          frames.push(copy);
          answer(connection, copy);
        },
        drained: () => undefined,
        ended: () => {
          opened.endedCount += 1;
        },
      });
    },
    ...options,
  });
  const opened: Echo = {
    listener,
    clock,
    pool,
    memory,
    frames,
    connections,
    endedCount: 0,
    [Symbol.asyncDispose]: () => listener.close(),
  };
  return opened;
};

const echo = (connection: KafkaConnection, frame: Buffer): void => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(frame.length);
  connection.write([length, frame], () => connection.settle(frame.length));
};

const framed = (body: Buffer): Buffer => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length);
  return Buffer.concat([length, body]);
};

const open = async (echoed: Echo): Promise<Socket> => {
  const socket = dial({ port: echoed.listener.port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
};

/** A reset is an end too. */
const closing = (socket: Socket): Promise<void> =>
  new Promise((resolve) => socket.once('close', () => resolve()));

/** Reads until `sizeBytes` have come, or the connection ends. */
const read = (socket: Socket, sizeBytes: number): Promise<Buffer> =>
  new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const finish = (): void => {
      socket.off('data', take);
      socket.off('close', finish);
      resolve(Buffer.concat(chunks));
    };
    const take = (chunk: Buffer): void => {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= sizeBytes) finish();
    };
    socket.on('data', take);
    socket.once('close', finish);
    socket.resume();
  });

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
};

const request = Buffer.from('0012000000000007ffff', 'hex');

test('answers frames, small and large, in order', async () => {
  await using echoed = await openEcho();
  const socket = await open(echoed);
  const large = Buffer.alloc(3 << 20, 'x');
  const stream = Buffer.concat([framed(request), framed(large), framed(request)]);
  socket.write(stream);
  expect((await read(socket, stream.length)).equals(stream)).toBe(true);
  socket.destroy();
  await until(() => echoed.endedCount === 1);
  expect(echoed.pool.leasedBytes).toBe(0);
  expect(echoed.memory.heldBytes).toBe(0);
  expect(echoed.listener.connectionCount).toBe(0);
});

describe('a frame cut at any byte', () => {
  const stream = framed(request);
  const cuts = Array.from({ length: stream.length - 1 }, (_, index) => index + 1);

  test('and continued later is answered', async () => {
    await using echoed = await openEcho();
    for (const cut of cuts) {
      const socket = await open(echoed);
      socket.write(stream.subarray(0, cut));
      await new Promise((resolve) => setImmediate(resolve));
      socket.write(stream.subarray(cut));
      expect((await read(socket, stream.length)).equals(stream)).toBe(true);
      socket.destroy();
    }
  });

  test('then FIN: no frame is handled, the connection closes', async () => {
    await using echoed = await openEcho();
    for (const cut of cuts) {
      const socket = await open(echoed);
      const closed = closing(socket);
      socket.resume();
      socket.end(stream.subarray(0, cut));
      await closed;
    }
    await until(() => echoed.listener.connectionCount === 0);
    expect(echoed.frames).toEqual([]);
    expect(echoed.endedCount).toBe(echoed.connections.length);
    expect(echoed.memory.heldBytes).toBe(0);
  });

  test('then RST: no frame is handled, the connection closes', async () => {
    await using echoed = await openEcho();
    for (const cut of cuts) {
      const socket = await open(echoed);
      await new Promise<void>((resolve) => socket.write(stream.subarray(0, cut), () => resolve()));
      await until(() => echoed.listener.connectionCount > 0);
      socket.resetAndDestroy();
      await until(() => echoed.listener.connectionCount === 0);
    }
    expect(echoed.frames).toEqual([]);
    expect(echoed.endedCount).toBe(echoed.connections.length);
    expect(echoed.memory.heldBytes).toBe(0);
  });

  test('then silence: the deadline closes it', async () => {
    await using echoed = await openEcho();
    const sockets = await Promise.all(cuts.map(() => open(echoed)));
    const closed = sockets.map((socket) => closing(socket));
    await Promise.all(
      sockets.map(
        (socket, index) =>
          new Promise<void>((done) => socket.write(stream.subarray(0, cuts[index]), () => done())),
      ),
    );
    await until(() => echoed.connections.length === cuts.filter((cut) => cut >= 4).length);
    echoed.clock.advance(250);
    expect(echoed.listener.connectionCount).toBe(cuts.length);
    echoed.clock.advance(200);
    await Promise.all(closed);
    await until(() => echoed.listener.connectionCount === 0);
    expect(echoed.frames).toEqual([]);
    expect(echoed.memory.heldBytes).toBe(0);
    echoed.clock.advance(50);
    expect(echoed.clock.wakeCount).toBe(0);
  });
});

test('a connection between frames may stay silent', async () => {
  await using echoed = await openEcho();
  const socket = await open(echoed);
  socket.write(framed(request));
  await read(socket, 14);
  echoed.clock.advance(10_000);
  socket.write(framed(request));
  expect((await read(socket, 14)).length).toBe(14);
  socket.destroy();
});

test('one byte at a time does not outlive the deadline, and others are answered meanwhile', async () => {
  await using echoed = await openEcho();
  const slow = await Promise.all(Array.from({ length: 1000 }, () => open(echoed)));
  const closed = slow.map((socket) => closing(socket));
  const honest = await open(echoed);
  const body = framed(Buffer.alloc(5000, 1));
  for (let at = 0; at < 6; at += 1) {
    await Promise.all(
      slow.map(
        (socket) => new Promise<void>((done) => socket.write(body.subarray(at, at + 1), () => done())),
      ),
    );
    honest.write(framed(request));
    expect((await read(honest, 14)).length).toBe(14);
    if (at === 4) await until(() => echoed.connections.length === 1001);
    echoed.clock.advance(50);
  }
  echoed.clock.advance(300);
  await Promise.all(closed);
  expect(echoed.frames.length).toBe(6);
  honest.write(framed(request));
  expect((await read(honest, 14)).length).toBe(14);
  expect(echoed.memory.heldBytes).toBe(0);
  honest.destroy();
});

test('a large frame that makes progress is not cut by the deadline', async () => {
  await using echoed = await openEcho();
  const socket = await open(echoed);
  const body = Buffer.alloc(600_000, 7);
  const stream = framed(body);
  for (let at = 0; at < body.length; at += 100_000) {
    socket.write(stream.subarray(at, at + 100_000));
    await until(() => echoed.memory.heldBytes >= at + 100_000);
    echoed.clock.advance(200);
  }
  socket.write(stream.subarray(body.length));
  await until(() => echoed.frames.length === 1);
  expect(echoed.frames[0]?.equals(body)).toBe(true);
  socket.destroy();
});

const tlsClientHello = Buffer.from('160301020001000001fc0303', 'hex');
test.each([
  ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
  ['a TLS hello', tlsClientHello],
  ['a negative length', Buffer.from('ffffffff0000000000000000', 'hex')],
  ['a zero length', Buffer.from('000000000000000000000000', 'hex')],
  ['a length below a header', Buffer.from('000000070000000000000000', 'hex')],
  ['one byte more than is allowed', Buffer.concat([Buffer.from([6, 0x40, 0, 1]), Buffer.alloc(8)])],
])('%s closes the connection at once', async (_, bytes) => {
  await using echoed = await openEcho();
  const socket = await open(echoed);
  const closed = closing(socket);
  socket.resume();
  socket.write(bytes);
  await closed;
  await until(() => echoed.endedCount === 1);
  expect(echoed.frames).toEqual([]);
  expect(echoed.pool.leasedBytes).toBe(0);
  expect(echoed.memory.heldBytes).toBe(0);
});

test('HTTP/2 without a gRPC door is closed', async () => {
  await using echoed = await openEcho();
  const socket = await open(echoed);
  const closed = closing(socket);
  socket.resume();
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  await closed;
  expect(echoed.connections).toEqual([]);
});

test('a hundred requests in flight pause a connection until one is settled', async () => {
  const open100: { connection: KafkaConnection; frame: Buffer }[] = [];
  await using echoed = await openEcho({ answer: (connection, frame) => open100.push({ connection, frame }) });
  const socket = await open(echoed);
  socket.write(Buffer.concat(Array.from({ length: 250 }, () => framed(request))));
  await until(() => echoed.frames.length >= 100);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(echoed.frames.length).toBe(100);
  const first = open100.shift()!;
  first.connection.settle(first.frame.length);
  expect(echoed.frames.length).toBe(101);
  while (open100.length > 0) {
    const next = open100.shift()!;
    next.connection.settle(next.frame.length);
  }
  await until(() => echoed.frames.length === 250);
  socket.destroy();
});

test('a full process stops reading sockets and reads on when requests are settled', async () => {
  const waiting: { connection: KafkaConnection; frame: Buffer }[] = [];
  const memory = new RequestMemory({ limitBytes: 300_000 });
  await using echoed = await openEcho({
    memory,
    answer: (connection, frame) => waiting.push({ connection, frame }),
  });
  const sockets = await Promise.all(Array.from({ length: 20 }, () => open(echoed)));
  const body = Buffer.alloc(50_000, 3);
  for (const socket of sockets) for (let count = 0; count < 5; count += 1) socket.write(framed(body));
  await until(() => memory.waiterCount > 0);
  let settled = 0;
  let mostHeldBytes = 0;
  while (settled < 100) {
    await until(() => waiting.length > 0);
    mostHeldBytes = Math.max(mostHeldBytes, memory.heldBytes);
    const next = waiting.shift()!;
    next.connection.settle(next.frame.length);
    settled += 1;
  }
  expect(echoed.frames.every((frame) => frame.equals(body))).toBe(true);
  // What one read brings (64 KiB) for each of the 20 connections is what may exceed the limit.
  expect(mostHeldBytes).toBeLessThanOrEqual(300_000 + 20 * 65_536 + 20 * 50_004);
  for (const socket of sockets) socket.destroy();
  await until(() => echoed.listener.connectionCount === 0);
  expect(memory.heldBytes).toBe(0);
});

test('frames larger than the whole budget together still get through one after the other', async () => {
  const memory = new RequestMemory({ limitBytes: 1_000_000 });
  await using echoed = await openEcho({ memory });
  const body = Buffer.alloc(900_000, 9);
  const sockets = await Promise.all(Array.from({ length: 8 }, () => open(echoed)));
  const answers = sockets.map((socket) => read(socket, body.length + 4));
  for (const socket of sockets) socket.write(framed(body));
  for (const answer of await Promise.all(answers)) expect(answer.length).toBe(body.length + 4);
  for (const socket of sockets) socket.destroy();
  await until(() => echoed.listener.connectionCount === 0);
  expect(memory.heldBytes).toBe(0);
  expect(echoed.pool.leasedBytes).toBe(0);
});

test('a paused connection gives no frame, and notices all the same that the other side has gone', async () => {
  await using echoed = await openEcho({
    answer: (connection, frame) => {
      connection.pause();
      connection.settle(frame.length);
    },
  });
  const socket = await open(echoed);
  socket.write(framed(request));
  await until(() => echoed.frames.length === 1);
  socket.destroy();
  await until(() => echoed.endedCount === 1);
});

test('a pause holds what follows, resume gives it', async () => {
  await using echoed = await openEcho({
    answer: (connection, frame) => {
      connection.pause();
      echo(connection, frame);
    },
  });
  const socket = await open(echoed);
  socket.write(Buffer.concat([framed(request), framed(request)]));
  expect((await read(socket, 14)).length).toBe(14);
  expect(echoed.frames.length).toBe(1);
  echoed.connections[0]?.resume();
  expect((await read(socket, 14)).length).toBe(14);
  expect(echoed.frames.length).toBe(2);
  socket.destroy();
});

test('a reader that does not read makes write say so, and drained comes when it does', async () => {
  let drained = 0;
  let connection: KafkaConnection | undefined;
  await using echoed = await openEcho({
    onKafka: (accepted) => {
      connection = accepted;
      accepted.receive({ frame: () => undefined, drained: () => (drained += 1), ended: () => undefined });
    },
  });
  const socket = await open(echoed);
  socket.pause();
  socket.write(framed(request));
  await until(() => connection !== undefined);
  const part = Buffer.alloc(1 << 20);
  let written = 0;
  while (connection!.write([part, part])) written += 2 << 20;
  written += 2 << 20;
  expect(connection!.unsentBytes).toBeGreaterThanOrEqual(1 << 20);
  const answer = read(socket, written);
  expect((await answer).length).toBe(written);
  await until(() => drained > 0);
  expect(connection!.unsentBytes).toBe(0);
  socket.destroy();
});

test('close sends what was written, even if the client has sent more', async () => {
  await using echoed = await openEcho({
    answer: (connection, frame) => {
      echo(connection, frame);
      connection.close();
    },
  });
  const socket = await open(echoed);
  const large = Buffer.alloc(2 << 20, 5);
  socket.write(Buffer.concat([framed(large), framed(request)]));
  expect((await read(socket, large.length + 4)).length).toBe(large.length + 4);
  await until(() => echoed.endedCount === 1);
  expect(echoed.frames.length).toBe(1);
  expect(echoed.memory.heldBytes).toBe(0);
});

test('closing the listener ends every connection and frees the port', async () => {
  const echoed = await openEcho();
  const { port } = echoed.listener;
  const socket = await open(echoed);
  const silent = await open(echoed);
  const closed = Promise.all([closing(socket), closing(silent)]);
  socket.write(framed(request).subarray(0, 9));
  await until(() => echoed.connections.length === 1);
  await Promise.all([echoed.listener.close(), echoed.listener.close()]);
  await closed;
  expect(echoed.endedCount).toBe(1);
  expect(echoed.memory.heldBytes).toBe(0);
  await using again = await openEcho({ port });
  expect(again.listener.port).toBe(port);
});

test('a taken port is an error with its code', async () => {
  await using echoed = await openEcho();
  await expect(openEcho({ port: echoed.listener.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});
