import type { CancelWake, Clock } from '@kafkaesque/kernel';
import { ConnectionLimits, UNLIMITED } from './connection-limits';
import type { ConnectionLimitValues, Visitor } from './connection-limits';

class ManualClock implements Clock {
  nowMs = 0;
  readonly #wakes = new Set<{ readonly atMs: number; readonly wake: () => void }>();

  monotonicMs(): number {
    return this.nowMs;
  }

  wallMs(): number {
    return this.nowMs;
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

  advance(byMs: number): void {
    for (let moved = 0; moved < byMs; moved += 1) {
      this.nowMs += 1;
      for (const entry of this.#wakes)
        if (entry.atMs <= this.nowMs && this.#wakes.delete(entry)) entry.wake();
    }
  }
}

const clock = new ManualClock();
const limitsOf = (values: Partial<ConnectionLimitValues>): ConnectionLimits =>
  new ConnectionLimits(clock, { ...UNLIMITED, ...values });

interface Guest extends Visitor {
  state: string;
}

const come = (
  limits: ConnectionLimits,
  address = '10.0.0.1',
  { listenerName = 'CLIENT', silentMs = 0 } = {},
): Guest => {
  const guest: Guest = {
    ...{ listenerName, address, silentMs },
    state: 'waiting',
    evicted: () => (guest.state = 'evicted'),
    admitted: () => (guest.state = 'inside'),
    refused: (why) => (guest.state = why),
  };
  limits.arrived(guest);
  return guest;
};
const statesOf = (guests: readonly Guest[]): readonly string[] => guests.map(({ state }) => state);

test('beyond max.connections a connection waits until another one ends, in the order of coming', () => {
  const limits = limitsOf({ maxConnections: 2 });
  const guests = [come(limits), come(limits), come(limits), come(limits)];
  expect(statesOf(guests)).toEqual(['inside', 'inside', 'waiting', 'waiting']);
  limits.left(guests[0]!);
  expect(statesOf(guests)).toEqual(['inside', 'inside', 'inside', 'waiting']);
  expect([limits.insideCount, limits.waitingCount]).toEqual([2, 1]);
});

test('no more wait than the backlog holds', () => {
  const limits = limitsOf({ maxConnections: 0, maxWaiting: 2 });
  const guests = [come(limits), come(limits), come(limits)];
  expect(statesOf(guests)).toEqual(['waiting', 'waiting', '2 connections wait already']);
  limits.left(guests[0]!);
  expect(come(limits).state).toBe('waiting');
});

test('one that left while it waited takes nobody’s place', () => {
  const limits = limitsOf({ maxConnections: 1 });
  const guests = [come(limits), come(limits), come(limits)];
  limits.left(guests[1]!);
  limits.left(guests[0]!);
  expect(statesOf(guests)).toEqual(['inside', 'waiting', 'inside']);
  limits.left(guests[0]!);
  expect(limits.insideCount).toBe(1);
});

test('beyond max.connections.per.ip a connection is refused in Kafka’s words, others are not', () => {
  const limits = limitsOf({ maxConnectionsPerIp: 1, perIpOverrides: new Map([['10.0.0.2', 2]]) });
  const guests = [
    ...[come(limits), come(limits), come(limits, '10.0.0.2'), come(limits, '10.0.0.2')],
    ...[come(limits, '10.0.0.2'), come(limits, '10.0.0.3')],
  ];
  expect(statesOf(guests)).toEqual([
    'inside',
    'address already has the configured maximum of 1 connections',
    'inside',
    'inside',
    'address already has the configured maximum of 2 connections',
    'inside',
  ]);
  limits.left(guests[0]!);
  limits.left(guests[1]!);
  expect(come(limits).state).toBe('inside');
});

test('max.connection.creation.rate admits so many a second, the rest wait', () => {
  const limits = limitsOf({ maxCreationRate: 10 });
  const guests = Array.from({ length: 25 }, () => come(limits));
  const insideNow = (): number => guests.filter(({ state }) => state === 'inside').length;
  expect(insideNow()).toBe(10);
  clock.advance(99);
  expect(insideNow()).toBe(10);
  clock.advance(1);
  expect(insideNow()).toBe(11);
  clock.advance(1000);
  expect(insideNow()).toBe(21);
  clock.advance(10_000);
  expect(insideNow()).toBe(25);
  expect(clock.wakeCount).toBe(0);
});

test('changed limits hold from then on, and only those beyond max.connections of the process have to go', () => {
  const limits = limitsOf({ maxConnections: 2 });
  const guests = [
    come(limits),
    come(limits, '10.0.0.1', { silentMs: 7 }),
    come(limits, '10.0.0.1', { silentMs: 9 }),
  ];
  limits.change({ ...UNLIMITED, maxConnections: 3, maxConnectionsPerIp: 1 });
  expect(statesOf(guests)).toEqual([
    'inside',
    'inside',
    'address already has the configured maximum of 1 connections',
  ]);
  guests.push(come(limits, '10.0.0.2', { silentMs: 8 }));
  limits.change({
    ...UNLIMITED,
    listeners: new Map([['CLIENT', { maxConnections: 1, maxCreationRate: 9 }]]),
  });
  expect([limits.insideCount, come(limits).state]).toEqual([3, 'waiting']);
  limits.change({ ...UNLIMITED, maxConnections: 2 });
  expect(statesOf(guests)).toEqual(['inside', 'inside', guests[2]?.state, 'evicted']);
  limits.change({ ...UNLIMITED, maxConnections: 1 });
  expect(statesOf(guests)).toEqual(['inside', 'evicted', guests[2]?.state, 'evicted']);
  // Its end, when it comes, makes room for nobody.
  limits.left(guests[1]!);
  expect([limits.insideCount, limits.waitingCount]).toEqual([1, 1]);
});

const listeners = new Map([['EXTERNAL', { maxConnections: 1, maxCreationRate: Infinity }]]);

test('who waits at one listener keeps nobody waiting at another, each with a backlog of its own', () => {
  const limits = limitsOf({ listeners, maxWaiting: 1 });
  const guests = ['EXTERNAL', 'EXTERNAL', 'EXTERNAL', 'CLIENT', 'CLIENT'].map((listenerName) =>
    come(limits, '10.0.0.1', { listenerName }),
  );
  expect(statesOf(guests)).toEqual(['inside', 'waiting', '1 connections wait already', 'inside', 'inside']);
  limits.left(guests[3]!);
  expect(guests[1]?.state).toBe('waiting');
  limits.left(guests[0]!);
  expect(guests[1]?.state).toBe('inside');
});

test('a listener’s own rate holds beside that of the process', () => {
  const limits = limitsOf({
    maxCreationRate: 4,
    listeners: new Map([['EXTERNAL', { maxConnections: Infinity, maxCreationRate: 2 }]]),
  });
  const external = Array.from({ length: 4 }, () => come(limits, '10.0.0.1', { listenerName: 'EXTERNAL' }));
  const clients = Array.from({ length: 4 }, () => come(limits));
  expect([...statesOf(external), ...statesOf(clients)]).toEqual(
    [2, 2, 2, 2].flatMap((count, at) => Array<string>(count).fill(at % 2 === 0 ? 'inside' : 'waiting')),
  );
  clock.advance(500);
  expect([...statesOf(external), ...statesOf(clients)].filter((state) => state === 'inside')).toHaveLength(6);
  clock.advance(2_000);
  expect(limits.insideCount).toBe(8);
  expect(clock.wakeCount).toBe(0);
});

test('the brokers’ own listener comes in beyond max.connections, and who was silent for longest elsewhere goes', () => {
  const limits = limitsOf({ maxConnections: 2, maxCreationRate: 2, protectedListener: 'BROKERS' });
  const [talker, silent] = [
    come(limits, '10.0.0.1', { silentMs: 10 }),
    come(limits, '10.0.0.1', { silentMs: 20 }),
  ];
  const waiting = come(limits);
  const brokers = Array.from({ length: 3 }, () =>
    come(limits, '10.0.0.2', { listenerName: 'BROKERS', silentMs: 99 }),
  );
  expect(statesOf([talker, silent, waiting, ...brokers])).toEqual([
    ...['evicted', 'evicted', 'waiting', 'inside', 'inside', 'inside'],
  ]);
  for (const broker of brokers) limits.left(broker);
  clock.advance(1_000);
  expect(waiting.state).toBe('inside');
});
