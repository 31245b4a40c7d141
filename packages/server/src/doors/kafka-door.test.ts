import type { FaultHandler, Lease } from '@kafkaesque/kernel';
import { Failure, InvariantError, silentLogger } from '@kafkaesque/kernel';
import { apis, decodeResponse, encodeRequestFrame } from '@kafkaesque/protocol';
import type { KafkaConnection, KafkaConnectionHandler } from '@kafkaesque/transport';
import { admissions } from '../handlers/admissions';
import type { Reply, RequestContext } from '../handlers/handler';
import type { Handlers } from '../handlers/table';
import { handlerTable } from '../handlers/table';
import { KafkaDoor } from './kafka-door';

/** A connection that keeps what is written; its socket takes bytes when the test says so. */
class FakeConnection implements KafkaConnection {
  readonly id = 7;
  readonly listenerName = 'PLAINTEXT';
  readonly remoteAddress = '127.0.0.1:4711';
  readonly localAddress = '127.0.0.1:9092';
  readonly written: Buffer[] = [];
  readonly unsent: (() => void)[] = [];
  unsentBytes = 0;
  settledBytes = 0;
  settledFrames = 0;
  isPaused = false;
  isClosed = false;
  handler: KafkaConnectionHandler | undefined;

  receive(handler: KafkaConnectionHandler): void {
    this.handler = handler;
  }
  write(parts: readonly Buffer[], sent?: () => void): boolean {
    this.written.push(Buffer.concat(parts));
    if (sent !== undefined) this.unsent.push(sent);
    return true;
  }
  settle(frameBytes: number): void {
    this.settledBytes += frameBytes;
    this.settledFrames += 1;
  }
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
  close(): void {
    this.isClosed = true;
  }
  reset(): void {
    this.isClosed = true;
  }
  /** Correlation ids of the answers so far, in the order in which they left. */
  get answered(): readonly number[] {
    const ids: number[] = [];
    for (const bytes of this.written)
      for (let at = 0; at < bytes.length; at += 4 + bytes.readInt32BE(at))
        ids.push(bytes.readInt32BE(at + 4));
    return ids;
  }
}

class FakeLease implements Lease {
  readonly buffer = Buffer.alloc(0);
  holders = 1;
  retain(): this {
    this.holders += 1;
    return this;
  }
  release(): void {
    this.holders -= 1;
  }
}

const PRODUCED = { kind: 'answer', response: { responses: [] } } as const;

/** A door whose requests are answered by the test. */
const openScene = (options: { readonly isOpen?: boolean } = {}) => {
  const started: string[] = [];
  const disconnected: number[] = [];
  const told: string[] = [];
  let unsentAnswers = 0;
  const faults: unknown[] = [];
  const open = new Map<
    number,
    { answer(reply: Reply<never>): void; fail(error: unknown): void; letGo(): void }
  >();
  const ask = (name: string) => (context: RequestContext) => {
    started.push(`${name} ${context.correlationId}`);
    return new Promise<Reply<never>>((answer, fail) => {
      open.set(context.correlationId, { answer, fail, letGo: context.letGo });
    });
  };
  const handlers: Handlers = {
    Produce: ask('Produce'),
    Fetch: ask('Fetch'),
    Metadata: () => {
      throw new Failure('INVALID_REQUEST', 'a broken body');
    },
    ApiVersions: (context) => ({
      kind: 'answer',
      response: { errorCode: context.isUnknownVersion ? 35 : 0, apiKeys: [] },
    }),
  };
  const door = new KafkaDoor({
    handlers: handlerTable(handlers, admissions),
    clock: { monotonicMs: () => 0, wallMs: () => 0, wakeAt: () => () => undefined },
    logger: silentLogger,
    faults: { fault: (_what, cause) => faults.push(cause) } satisfies FaultHandler,
    observer: {
      connected: () => told.push('connected'),
      disconnected: () => told.push('disconnected'),
      queued: () => told.push('queued'),
      unqueued: () => told.push('unqueued'),
      answered: () => (unsentAnswers += 1),
      dropped: () => (unsentAnswers -= 1),
      completed: ({ served: { name }, correlationId }) => {
        unsentAnswers -= 1;
        told.push(`${name} ${correlationId}`);
      },
    },
    disconnected: (id) => disconnected.push(id),
  });
  const connection = new FakeConnection();
  door.accept(connection);
  if (options.isOpen !== false) door.open();
  const send = (name: 'Produce' | 'Fetch' | 'Metadata' | 'ApiVersions', id: number, lease?: Lease): void => {
    const parts =
      name === 'Produce'
        ? encodeRequestFrame(apis.Produce, 9, id, null, {
            transactionalId: null,
            acks: -1,
            timeoutMs: 1,
            topicData: [],
          })
        : name === 'Fetch'
          ? encodeRequestFrame(apis.Fetch, 12, id, null, { maxWaitMs: 1, minBytes: 1, topics: [] })
          : name === 'Metadata'
            ? encodeRequestFrame(apis.Metadata, 9, id, null, { topics: null })
            : encodeRequestFrame(apis.ApiVersions, 0, id, null, {});
    connection.handler?.frame(Buffer.concat(parts).subarray(4), lease);
  };
  const answer = async (id: number, reply: Reply<unknown> = PRODUCED): Promise<void> => {
    open.get(id)?.answer(reply as Reply<never>);
    await settled();
  };
  const unsent = (): number => unsentAnswers;
  return { door, connection, started, disconnected, told, faults, open, send, answer, unsent };
};

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a connection at the Kafka door', () => {
  test('starts produce requests beside each other and answers them in their order', async () => {
    const { connection, started, send, answer } = openScene();
    send('Produce', 1);
    send('Produce', 2);
    expect(started).toEqual(['Produce 1', 'Produce 2']);
    await answer(2);
    expect(connection.answered).toEqual([]);
    await answer(1);
    expect(connection.answered).toEqual([1, 2]);
    expect(connection.written).toHaveLength(1);
  });

  test('starts a fetch only when every produce before it is answered, and what follows only when its answer left', async () => {
    const { connection, started, send, answer } = openScene();
    send('Produce', 1);
    send('Fetch', 2);
    send('Produce', 3);
    expect(started).toEqual(['Produce 1']);
    await answer(1);
    expect(started).toEqual(['Produce 1', 'Fetch 2']);
    let sent = 0;
    await answer(2, { kind: 'answer', response: { responses: [] }, sent: () => (sent += 1) });
    expect(connection.answered).toEqual([1, 2]);
    expect({ sent, started }).toEqual({ sent: 0, started: ['Produce 1', 'Fetch 2'] });
    connection.unsent[0]?.();
    expect({ sent, started }).toEqual({ sent: 1, started: ['Produce 1', 'Fetch 2', 'Produce 3'] });
  });

  test('tells when a request waits, starts, and has left', async () => {
    const { connection, told, send, answer } = openScene();
    send('Produce', 1);
    send('Fetch', 2);
    expect(told.splice(0)).toEqual(['connected', 'queued', 'unqueued', 'queued']);
    await answer(1, { kind: 'none' });
    expect(told.splice(0)).toEqual(['Produce 1', 'unqueued']);
    await answer(2, { kind: 'answer', response: { responses: [] }, sent: () => undefined });
    expect(told.splice(0)).toEqual([]);
    connection.unsent[0]?.();
    expect(told.splice(0)).toEqual(['Fetch 2']);
    send('Fetch', 3);
    send('Fetch', 4);
    connection.handler?.ended({ kind: 'closed' });
    expect(told).toEqual(['queued', 'unqueued', 'queued', 'disconnected', 'unqueued']);
  });

  test('tells of each answer that is there, and that it has left or never will', async () => {
    const { connection, send, answer, unsent } = openScene();
    send('Produce', 1);
    send('Produce', 2);
    send('Fetch', 3);
    await answer(2);
    expect(unsent()).toBe(1);
    await answer(1);
    expect(unsent()).toBe(0);
    await answer(3, { kind: 'answer', response: { responses: [] }, sent: () => undefined });
    expect(unsent()).toBe(1);
    connection.unsent[0]?.();
    expect(unsent()).toBe(0);
    send('Produce', 4);
    send('Produce', 5);
    await answer(5);
    expect(unsent()).toBe(1);
    connection.handler?.ended({ kind: 'closed' });
    await answer(4);
    expect(unsent()).toBe(0);
  });

  test('sends nothing for a produce without an answer, and goes on', async () => {
    const { connection, send, answer } = openScene();
    send('Produce', 1);
    send('Produce', 2);
    await answer(1, { kind: 'none' });
    await answer(2);
    expect(connection.answered).toEqual([2]);
  });

  test('gives every frame and every lease back once, also when the client leaves in between', async () => {
    const { connection, disconnected, send, answer } = openScene();
    const leases = Array.from({ length: 3 }, () => new FakeLease());
    send('Produce', 1, leases[0]);
    send('Produce', 2, leases[1]);
    send('Fetch', 3, leases[2]);
    await answer(2);
    expect(leases.map(({ holders }) => holders)).toEqual([1, 0, 1]);
    connection.handler?.ended({ kind: 'closed' });
    expect(disconnected).toEqual([7]);
    await answer(1);
    expect(leases.map(({ holders }) => holders)).toEqual([0, 0, 0]);
    expect(connection.written).toEqual([]);
  });

  test('gives back what a waiting request let go, and nothing again with its answer', async () => {
    const { connection, send, answer, open } = openScene();
    const lease = new FakeLease();
    send('Fetch', 1, lease);
    open.get(1)?.letGo();
    open.get(1)?.letGo();
    expect(lease.holders).toBe(0);
    await answer(1);
    expect(connection.answered).toEqual([1]);
    expect(lease.holders).toBe(0);
    expect(connection.settledFrames).toBe(1);
  });

  test('tells an answer that can no longer leave that it is over, once', async () => {
    const { connection, send, answer, open } = openScene();
    let sent = 0;
    const reply = { kind: 'answer', response: { responses: [] }, sent: () => (sent += 1) } as const;
    send('Fetch', 1);
    connection.handler?.ended({ kind: 'closed' });
    await answer(1, reply);
    expect(sent).toBe(1);

    const other = openScene();
    other.send('Produce', 1);
    other.send('Produce', 2);
    // Answered, but behind one that is not, when the client leaves.
    await other.answer(2, reply);
    other.connection.handler?.ended({ kind: 'closed' });
    expect(sent).toBe(2);
    expect(open.size).toBe(1);
  });

  test('answers what came before a frame that it does not serve, then closes, and hears nothing more', async () => {
    const { connection, started, send, answer } = openScene();
    send('Produce', 1);
    connection.handler?.frame(Buffer.from([0x7f, 0, 0, 0, 0, 0, 0, 9, 0xff, 0xff]), undefined);
    send('Produce', 2);
    expect(connection.isClosed).toBe(false);
    await answer(1);
    expect(connection.answered).toEqual([1]);
    expect(connection.isClosed).toBe(true);
    expect(started).toEqual(['Produce 1']);
    expect(connection.settledFrames).toBe(3);
  });

  test('closes instead of answering when a handler says so, after what came before it', async () => {
    const { connection, started, send, answer } = openScene();
    send('Produce', 1);
    send('Produce', 2);
    send('Fetch', 3);
    await answer(2, { kind: 'close', why: 'acks=0 failed' });
    expect(connection.isClosed).toBe(false);
    await answer(1);
    expect(connection.answered).toEqual([1]);
    expect(connection.isClosed).toBe(true);
    connection.handler?.ended({ kind: 'closed' });
    expect(started).toEqual(['Produce 1', 'Produce 2']);
  });

  test('closes on a body that cannot be read, without calling it a fault', async () => {
    const { connection, faults, send } = openScene();
    const lease = new FakeLease();
    send('Metadata', 1, lease);
    await settled();
    expect({ isClosed: connection.isClosed, faults, holders: lease.holders }).toEqual({
      isClosed: true,
      faults: [],
      holders: 0,
    });
  });

  test('reports a broken invariant', async () => {
    const { connection, faults, send, open } = openScene();
    send('Produce', 1);
    const broken = new InvariantError('two and two are five');
    open.get(1)?.fail(broken);
    await settled();
    expect(faults).toEqual([broken]);
    expect(connection.isClosed).toBe(true);
  });

  test('answers an unknown version of ApiVersions in version 0', async () => {
    const { connection } = openScene();
    const frame = Buffer.concat(
      encodeRequestFrame(apis.ApiVersions, 3, 5, null, {
        clientSoftwareName: 'a',
        clientSoftwareVersion: 'b',
      }),
    ).subarray(4);
    frame.writeInt16BE(99, 2);
    connection.handler?.frame(frame, undefined);
    await settled();
    const { body } = decodeResponse(
      apis.ApiVersions,
      0,
      connection.written[0]?.subarray(4) ?? Buffer.alloc(0),
    );
    expect(body.errorCode).toBe(35);
  });

  test('starts nothing while the socket is full', () => {
    const { connection, started, send } = openScene();
    connection.unsentBytes = 1 << 20;
    send('Produce', 1);
    expect(started).toEqual([]);
    connection.unsentBytes = 0;
    connection.handler?.drained();
    expect(started).toEqual(['Produce 1']);
  });

  test('waits in front of a door that is not open yet', () => {
    const { door, connection } = openScene({ isOpen: false });
    expect(connection.isPaused).toBe(true);
    door.open();
    expect(connection.isPaused).toBe(false);
  });
});
