import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectHttp2, constants } from 'node:http2';
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { Client, credentials } from '@grpc/grpc-js';
import { BufferPool, silentLogger } from '@kafkaesque/kernel';
import type { AcceptChannel, Channel, ChannelEnd, MemberAddress } from '@kafkaesque/kernel';
import { channelCases } from '@kafkaesque/kernel/conformance';
import type { ChannelListener, ChannelWorld } from '@kafkaesque/kernel/conformance';
import { listen } from '../tcp/listener';
import { RequestMemory } from '../tcp/request-memory';
import type { GrpcService } from './grpc-door';
import { memberDialer } from './member-dialer';
import type { MemberDialer } from './member-dialer';
import { membersDefinition, membersService } from './members-service';
import type { MemberLimits } from './members-service';
import { ServingState } from './serving-state';

const host = '127.0.0.1';

const openListener = (accept: AcceptChannel, limits: MemberLimits = {}, port = 0): Promise<ChannelListener> =>
  openListenerOf(async () => [await membersService(accept, limits)], port);

const openListenerOf = async (
  services: () => Promise<readonly GrpcService[]>,
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
    grpc: { serving: new ServingState(), services },
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

/** One side of a channel: what it heard, and how it ended. */
interface Side {
  readonly channel: Channel;
  readonly messages: Buffer[];
  end: ChannelEnd | undefined;
}

const sideOf = (channel: Channel): Side => {
  const side: Side = { channel, messages: [], end: undefined };
  channel.receive({
    message: (bytes) => side.messages.push(bytes),
    drained: () => undefined,
    ended: (end) => {
      side.end = end;
    },
  });
  return side;
};

/** Passes bytes on, until a direction is held: what arrives then is kept. */
const openProxy = async (target: MemberAddress) => {
  const passed = { up: 0, down: 0 };
  const isHeld = { up: false, down: false };
  const sockets: Socket[] = [];
  const server = createServer((near) => {
    const far = connect(target.port, target.host);
    sockets.push(near, far);
    const pipe = (from: Socket, to: Socket, direction: 'up' | 'down'): void => {
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
      from.on('data', (chunk: Buffer) => {
        passed[direction] += chunk.length;
        if (!isHeld[direction]) to.write(chunk);
      });
    };
    pipe(near, far, 'up');
    pipe(far, near, 'down');
  }).listen(0, host);
  await once(server, 'listening');
  return {
    address: { host, port: (server.address() as AddressInfo).port },
    passed,
    isHeld,
    close: async (): Promise<void> => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
};

/** Dials through a proxy, and waits until both sides have heard from each other. */
const throughProxy = async (nearLimits: MemberLimits = {}, farLimits: MemberLimits = {}) => {
  const accepted: Side[] = [];
  const listener = await openListener((channel) => accepted.push(sideOf(channel)), farLimits);
  const proxy = await openProxy(listener.address);
  const dialer = memberDialer(nearLimits);
  const near = sideOf(dialer.dial(proxy.address));
  near.channel.send(Buffer.from('hello'));
  await until(() => accepted[0]?.messages.length === 1);
  const far = accepted[0]!;
  far.channel.send(Buffer.from('hello'));
  await until(() => near.messages.length === 1);
  return {
    near,
    far,
    proxy,
    close: async (): Promise<void> => {
      dialer.close();
      await proxy.close();
      await listener.stop();
    },
  };
};

const MIB = 1024 * 1024;

test.each([
  ['up', 'down'],
  ['down', 'up'],
] as const)('a round trip carries a whole window of 8 MiB %s', async (direction, back) => {
  const { near, far, proxy, close } = await throughProxy();
  const passedBefore = proxy.passed[direction];
  // No permission to send more comes back from now on.
  proxy.isHeld[back] = true;
  const { channel } = direction === 'up' ? near : far;
  for (let count = 0; count < 24; count++) channel.send(Buffer.alloc(MIB));
  const passed = (): number => proxy.passed[direction] - passedBefore;
  await until(() => passed() > 8 * MIB - 64 * 1024);
  await pass(50);
  expect(passed()).toBeLessThan(8.5 * MIB);
  await close();
});

test.each(['near', 'far'] as const)(
  'a receiver that is paused holds a window and few messages, however large they are (the %s one)',
  async (reader) => {
    const sides = await throughProxy();
    const writer = reader === 'near' ? sides.far : sides.near;
    sides[reader].channel.pause();
    for (let count = 0; count < 20; count++) writer.channel.send(Buffer.alloc(8 * MIB));
    let unsentBytes;
    do {
      ({ unsentBytes } = writer.channel);
      await pass(100);
    } while (writer.channel.unsentBytes !== unsentBytes);
    expect(20 * 8 * MIB - unsentBytes).toBeLessThanOrEqual(4 * 8 * MIB);
    sides[reader].channel.resume();
    await until(() => sides[reader].messages.length === 21);
    await sides.close();
  },
);

describe('a message that is too large ends its channel and nothing else:', () => {
  const small: MemberLimits = { maxMessageBytes: 1000 };

  test.each([
    ['who dialled sends more than it may', small, {}, 'near', 'MESSAGE_TOO_LARGE', 'CHANNEL_RESET'],
    [
      'who dialled sends more than the other takes',
      {},
      small,
      'near',
      'RESOURCE_EXHAUSTED',
      'CHANNEL_BROKEN',
    ],
    ['who accepted sends more than it may', {}, small, 'far', 'CHANNEL_RESET', 'MESSAGE_TOO_LARGE'],
    ['who accepted sends more than the other takes', small, {}, 'far', 'MESSAGE_TOO_LARGE', 'CHANNEL_RESET'],
  ] as const)('%s', async (_, nearLimits, farLimits, sender, nearCode, farCode) => {
    const accepted: Side[] = [];
    const listener = await openListener((channel) => accepted.push(sideOf(channel)), farLimits);
    const dialer = memberDialer(nearLimits);
    const [near, other] = [1, 2].map(() => sideOf(dialer.dial(listener.address)));
    near!.channel.send(Buffer.alloc(999));
    await until(() => accepted.length === 2 && accepted.some((side) => side.messages.length > 0));
    const far = accepted.find((side) => side.messages.length > 0)!;
    far.channel.send(Buffer.alloc(1000));
    const { channel } = sender === 'near' ? near! : far;
    channel.send(Buffer.alloc(1001));
    await until(() => near!.end !== undefined && far.end !== undefined);
    expect(near!.end).toMatchObject({ kind: 'failed', cause: { code: nearCode } });
    expect(far.end).toMatchObject({ kind: 'failed', cause: { code: farCode } });
    other!.channel.send(Buffer.from('alive'));
    await until(() => accepted.some((side) => side.messages[0]?.toString() === 'alive'));
    dialer.close();
    await listener.stop();
  });
});

/** A port that does with its connections whatever a test says. */
const openPort = async (onSocket: (socket: Socket) => void) => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    onSocket(socket);
  }).listen(0, host);
  await once(server, 'listening');
  return {
    address: { host, port: (server.address() as AddressInfo).port },
    sockets,
    close: async (): Promise<void> => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
};

const endOf = async (dialer: MemberDialer, address: MemberAddress): Promise<ChannelEnd> => {
  const side = sideOf(dialer.dial(address));
  side.channel.send(Buffer.from('hello'));
  await until(() => side.end !== undefined);
  return side.end!;
};

describe('where no member answers, the end says why:', () => {
  test.each([
    ['resets what it accepts', (socket: Socket) => socket.resetAndDestroy(), { kind: 'refused' }],
    ['closes what it accepts', (socket: Socket) => socket.end(), { cause: { code: 'CHANNEL_RESET' } }],
    ['is silent', () => undefined, { cause: { code: 'ETIMEDOUT' } }],
    ['speaks HTTP/1', (socket: Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'), { kind: 'failed' }],
  ])('it %s', async (what, onSocket, expected) => {
    const port = await openPort(onSocket);
    const dialer = memberDialer(what === 'is silent' ? { dialTimeoutMs: 100 } : {});
    expect(await endOf(dialer, port.address)).toMatchObject({ kind: 'failed', ...expected });
    dialer.close();
    await port.close();
  });

  test('it has no members service', async () => {
    const listener = await openListenerOf(() => Promise.resolve([]));
    const dialer = memberDialer();
    expect(await endOf(dialer, listener.address)).toMatchObject({
      kind: 'failed',
      cause: { code: 'UNIMPLEMENTED' },
    });
    dialer.close();
    await listener.stop();
  });

  test('its name is unknown', async () => {
    const dialer = memberDialer();
    expect(await endOf(dialer, { host: 'nobody.invalid', port: 1 })).toMatchObject({ kind: 'failed' });
    dialer.close();
  });

  test.each([
    { host, port: 70_000 },
    { host: 'fe80::1%no:host', port: 1 },
  ])('its address is none: %p', async (address) => {
    const dialer = memberDialer();
    expect(await endOf(dialer, address)).toMatchObject({ kind: 'failed' });
    dialer.close();
  });

  test('the dialer is closed', async () => {
    const port = await openPort(() => undefined);
    const dialer = memberDialer();
    const before = sideOf(dialer.dial(port.address));
    dialer.close();
    const after = sideOf(dialer.dial(port.address));
    await until(() => before.end !== undefined && after.end !== undefined);
    for (const { end } of [before, after])
      expect(end).toMatchObject({ kind: 'failed', cause: { code: 'DIALER_CLOSED' } });
    await port.close();
  });
});

test('a name that stands for several addresses is refused when all of them refuse', async () => {
  const dialer = memberDialer();
  const { port } = await vacantAddress();
  expect(await endOf(dialer, { host: 'localhost', port })).toEqual({ kind: 'refused' });
  dialer.close();
});

test.each(['near', 'far'] as const)(
  'a line that carries nothing any more is noticed by the %s side alone',
  async (listening) => {
    const deaf: MemberLimits = { keepaliveMs: 600_000 };
    const keen: MemberLimits = { keepaliveMs: 20, keepaliveTimeoutMs: 1000 };
    const { near, far, proxy, close } = await throughProxy(
      listening === 'near' ? keen : deaf,
      listening === 'far' ? keen : deaf,
    );
    await pass(200);
    expect([near.end, far.end]).toEqual([undefined, undefined]);
    proxy.isHeld.up = true;
    proxy.isHeld.down = true;
    await until(() => near.end !== undefined && far.end !== undefined);
    const [noticed, told] = listening === 'near' ? [near.end, far.end] : [far.end, near.end];
    expect(noticed).toMatchObject({ kind: 'failed', cause: { code: 'ETIMEDOUT' } });
    expect(told).toMatchObject({ kind: 'failed', cause: { code: 'CHANNEL_RESET' } });
    await close();
  },
);

test('who closes is not kept by another side that takes nothing', async () => {
  const { near, far, close } = await throughProxy({ lingerMs: 50 });
  far.channel.pause();
  for (let count = 0; count < 16; count++) near.channel.send(Buffer.alloc(MIB));
  near.channel.close();
  await until(() => near.end !== undefined && far.end !== undefined);
  expect(near.end).toMatchObject({ kind: 'failed', cause: { code: 'READER_STALLED' } });
  expect(far.end).toMatchObject({ kind: 'failed' });
  await close();
});

/** A process that only grpc-js has written: it answers every message with itself, or dials and says hello. */
const foreignMember = async (dialled?: MemberAddress): Promise<{ child: ChildProcess; port: number }> => {
  const script = `
    const grpc = require('@grpc/grpc-js');
    const as = (bytes) => bytes;
    const path = '${membersDefinition.Open.path}';
    const Open = { path, requestStream: true, responseStream: true, requestSerialize: as, requestDeserialize: as,
      responseSerialize: as, responseDeserialize: as };
    if (process.argv[1] !== undefined) {
      const client = new grpc.Client(process.argv[1], grpc.credentials.createInsecure());
      const call = client.makeBidiStreamRequest(path, as, as);
      call.on('error', () => undefined);
      call.on('data', (bytes) => call.write(bytes));
      call.write(Buffer.from('hello'));
      process.send(0);
    } else {
      const server = new grpc.Server();
      server.addService({ Open }, { Open: (call) => {
        call.sendMetadata(new grpc.Metadata());
        call.on('data', (bytes) => call.write(bytes));
        call.on('end', () => call.end());
      } });
      server.bindAsync('${host}:0', grpc.ServerCredentials.createInsecure(), (error, port) => process.send(port));
    }`;
  const target = dialled === undefined ? [] : [`${dialled.host}:${String(dialled.port)}`];
  const child = spawn(process.execPath, ['-e', script, ...target], {
    cwd: __dirname,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [port] = (await once(child, 'message')) as [number];
  return { child, port };
};

describe('a member that is another process, and not of our making:', () => {
  /** So that nothing but the end of the connection tells. */
  const deaf: MemberLimits = { keepaliveMs: 600_000 };

  test('it is dialled, closed with, and missed at once when it is killed', async () => {
    const { child, port } = await foreignMember();
    const dialer = memberDialer(deaf);
    const address = { host, port };
    const [closing, killed] = [1, 2].map(() => sideOf(dialer.dial(address)));
    const large = Buffer.alloc(3 * MIB, 7);
    for (const side of [closing!, killed!]) {
      for (const message of [Buffer.from('hello'), Buffer.alloc(0), large]) side.channel.send(message);
      await until(() => side.messages.length === 3);
      expect(side.messages[2]?.equals(large)).toBe(true);
    }
    closing!.channel.close();
    await until(() => closing!.end !== undefined);
    expect(closing!.end).toEqual({ kind: 'closed' });
    child.kill('SIGKILL');
    await until(() => killed!.end !== undefined);
    expect(killed!.end).toMatchObject({ kind: 'failed' });
    expect(await endOf(dialer, address)).toEqual({ kind: 'refused' });
    dialer.close();
  });

  test('it dials, and is missed at once when it is killed', async () => {
    const accepted: Side[] = [];
    const listener = await openListener((channel) => accepted.push(sideOf(channel)), deaf);
    const { child } = await foreignMember(listener.address);
    await until(() => accepted[0]?.messages[0]?.toString() === 'hello');
    accepted[0]!.channel.send(Buffer.alloc(3 * MIB));
    await until(() => accepted[0]?.messages[1]?.length === 3 * MIB);
    child.kill('SIGKILL');
    await until(() => accepted[0]?.end !== undefined);
    expect(accepted[0]!.end).toMatchObject({ kind: 'failed' });
    await listener.stop();
  });

  test('it closes by sending no more, and hears that all is well', async () => {
    const accepted: Side[] = [];
    const listener = await openListener((channel) => accepted.push(sideOf(channel)));
    const { port } = listener.address;
    const client = new Client(`${host}:${String(port)}`, credentials.createInsecure());
    const { path, requestSerialize, responseDeserialize } = membersDefinition.Open;
    const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    call.resume();
    call.write(Buffer.from('bye'));
    call.end();
    const [ended] = (await once(call, 'status')) as [{ readonly code: number }];
    expect(ended.code).toBe(0);
    await until(() => accepted[0]?.end !== undefined);
    expect(accepted[0]).toMatchObject({ messages: [Buffer.from('bye')], end: { kind: 'closed' } });
    client.close();
    await listener.stop();
  });
});

describe('one connection with many streams', () => {
  const open = async (port: number) => {
    const socket = connect(port, host);
    const session = connectHttp2(`http://${host}:${String(port)}`, { createConnection: () => socket });
    session.on('error', () => undefined);
    await once(session, 'remoteSettings');
    const request = (): ClientHttp2Stream => {
      const stream = session.request({
        ':method': 'POST',
        ':path': membersDefinition.Open.path,
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      stream.on('error', () => undefined);
      stream.resume();
      return stream;
    };
    return { session, request, socket };
  };

  test('has a bounded number of channels, and resetting them leaves nothing', async () => {
    const accepted: Side[] = [];
    const listener = await openListener((channel) => accepted.push(sideOf(channel)));
    const { session, request } = await open(listener.address.port);
    const streams = Array.from({ length: 150 }, request);
    await until(() => accepted.length >= 100);
    await pass(50);
    expect(accepted).toHaveLength(100);
    for (const stream of streams) stream.close(constants.NGHTTP2_CANCEL);
    await until(() => accepted.every((side) => side.end?.kind === 'failed'));
    session.destroy();
    await listener.stop();
  });

  test.each<
    readonly [
      string,
      (parts: { session: ClientHttp2Session; stream: ClientHttp2Stream; socket: Socket }) => void,
    ]
  >([
    ['the stream is reset', ({ stream }) => stream.close(constants.NGHTTP2_CANCEL)],
    ['the stream is dropped', ({ stream }) => stream.close(constants.NGHTTP2_NO_ERROR)],
    ['the session is ended', ({ session }) => session.destroy()],
    [
      'the stream is reset and the session ended',
      ({ session, stream }) => {
        stream.close(constants.NGHTTP2_CANCEL);
        session.destroy();
      },
    ],
    ['the connection is ended', ({ socket }) => socket.end()],
    ['the connection is reset', ({ socket }) => socket.resetAndDestroy()],
  ])('is not closed in good order when %s', async (_, leave) => {
    const accepted: Side[] = [];
    const listener = await openListener((channel) => accepted.push(sideOf(channel)));
    for (const bytes of [Buffer.alloc(0), Buffer.from([0, 0, 0, 0, 1, 7])]) {
      const { session, request, socket } = await open(listener.address.port);
      const stream = request();
      await once(stream, 'response');
      stream.write(bytes);
      leave({ session, stream, socket });
      await until(() => accepted.at(-1)?.end !== undefined);
      session.destroy();
    }
    expect(accepted.map(({ end }) => end?.kind)).toEqual(['failed', 'failed']);
    await listener.stop();
  });

  test('does not keep others from being heard while it opens and resets streams without end', async () => {
    const accepted: Side[] = [];
    const listener = await openListener((channel) => accepted.push(sideOf(channel)));
    const { session, request } = await open(listener.address.port);
    for (let round = 0; round < 50 && !session.destroyed; round++) {
      for (let count = 0; count < 40; count++) request().close(constants.NGHTTP2_CANCEL);
      await pass(1);
    }
    const dialer = memberDialer();
    const side = sideOf(dialer.dial(listener.address));
    side.channel.send(Buffer.from('hello'));
    await until(() => accepted.some(({ messages }) => messages[0]?.toString() === 'hello'));
    side.channel.close();
    session.destroy();
    await until(() => accepted.every(({ end }) => end !== undefined));
    dialer.close();
    await listener.stop();
  });
});

test('nothing stays open behind channels that have ended, however they did', async () => {
  const open = (): readonly string[] =>
    process.getActiveResourcesInfo().filter((kind) => /^(TCP|TTYWrap|GetAddrInfo|Timeout)/.test(kind));
  const before = open();
  const silent = await openPort(() => undefined);
  const accepted: Side[] = [];
  const listener = await openListener((channel) => accepted.push(sideOf(channel)));
  const dialer = memberDialer();
  const hastyDialer = memberDialer({ dialTimeoutMs: 50 });
  const dialTo = (address: MemberAddress): Side => sideOf(dialer.dial(address));
  const vacant = await vacantAddress();
  const refused = [1, 2, 3].map(() => dialTo(vacant));
  const timedOut = sideOf(hastyDialer.dial(silent.address));
  const [early, connecting] = [dialTo(silent.address), dialTo(silent.address)];
  early.channel.reset();
  setImmediate(() => connecting.channel.reset());
  const [closed, reset, toClose, toReset] = [1, 2, 3, 4].map(() => dialTo(listener.address));
  await until(() => accepted.length === 4);
  closed!.channel.close();
  reset!.channel.reset();
  await until(() => accepted.filter((side) => side.end !== undefined).length === 2);
  const left = accepted.filter((side) => side.end === undefined);
  left[0]!.channel.close();
  left[1]!.channel.reset();
  const sides = [...refused, timedOut, early, connecting, closed!, reset!, toClose!, toReset!];
  await until(() => sides.every((side) => side.end !== undefined));
  dialer.close();
  await silent.close();
  await listener.stop();
  await until(() => open().length <= before.length);
});
