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

const come = (limits: ConnectionLimits, address = '10.0.0.1'): Guest => {
  const guest: Guest = {
    address,
    state: 'waiting',
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

test('changed limits hold from then on, and send nobody away', () => {
  const limits = limitsOf({ maxConnections: 2 });
  const guests = [come(limits), come(limits), come(limits)];
  limits.change({ ...UNLIMITED, maxConnections: 3 });
  expect(statesOf(guests)).toEqual(['inside', 'inside', 'inside']);
  limits.change({ ...UNLIMITED, maxConnections: 1 });
  expect(limits.insideCount).toBe(3);
  expect(come(limits).state).toBe('waiting');
});
