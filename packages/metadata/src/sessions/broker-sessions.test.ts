import { BrokerEpoch, BrokerId, SeededRandom } from '@kafkaesque/kernel';
import { casesOf } from '@kafkaesque/kernel/conformance';
import type { BrokerImage } from '../image/metadata-image';
import { BrokerSessions } from './broker-sessions';
import type { Dial, SessionEffect, SessionInput } from './session-inputs';

const TIMEOUT_MS = 3000;

const image = (id: number, changes: Partial<BrokerImage> = {}): BrokerImage => ({
  brokerId: BrokerId(id),
  epoch: BrokerEpoch(10 + id),
  provedEpoch: BrokerEpoch(-1),
  incarnationId: `first of ${id}`,
  endpoints: new Map([['IN', { name: 'IN', host: `host-${id}`, port: 9095, securityProtocol: 0 }]]),
  features: [],
  rack: null,
  fenced: false,
  inControlledShutdown: false,
  directories: [],
  ...changes,
});

/** Sessions, the brokers that the metadata have, and the clock. */
class Scene {
  nowMs = 1000;
  readonly sessions = new BrokerSessions({ sessionTimeoutMs: TIMEOUT_MS, listenerName: 'IN' });
  readonly #brokers = new Map<number, BrokerImage>();

  constructor(ids: readonly number[] = [1, 2, 3]) {
    for (const id of ids) this.register(image(id));
  }

  step(input: SessionInput): readonly SessionEffect[] {
    return this.sessions.step(input, this.nowMs);
  }

  register(broker: BrokerImage): readonly SessionEffect[] {
    const before = this.#brokers.get(broker.brokerId);
    this.#brokers.set(broker.brokerId, broker);
    return this.step({ kind: 'changed', delta: { brokersChanged: [{ before, after: broker }] } });
  }

  unregister(id: number): readonly SessionEffect[] {
    const before = this.#brokers.get(id);
    this.#brokers.delete(id);
    return this.step({ kind: 'changed', delta: { brokersChanged: [{ before, after: undefined }] } });
  }

  /** Lets time pass, waking when it is due, and tells what came of it. */
  pass(ms: number, tell?: (effects: readonly SessionEffect[]) => void): SessionEffect[] {
    const untilMs = this.nowMs + ms;
    const effects: SessionEffect[] = [];
    for (;;) {
      const dueMs = this.sessions.wakeAtMs;
      if (dueMs === undefined || dueMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, dueMs);
      const due = this.step({ kind: 'woken' });
      tell?.(due);
      effects.push(...due);
    }
    this.nowMs = untilMs;
    return effects;
  }

  /** Lets the dials that prove addresses succeed. */
  prove(): void {
    for (const effect of this.pass(50)) if (effect.kind === 'dial') this.answer(effect.dial);
  }

  active(lostNode?: number): readonly SessionEffect[] {
    const lost = lostNode === undefined ? undefined : BrokerId(lostNode);
    return this.step({ kind: 'became-active', lostNode: lost });
  }

  heartbeat(id: number, metadataOffset = 0, epoch = BrokerEpoch(10 + id)): readonly SessionEffect[] {
    return this.step({ kind: 'heartbeat', brokerId: BrokerId(id), epoch, metadataOffset });
  }

  stream(kind: 'stream-opened' | 'stream-ended', id: number): readonly SessionEffect[] {
    return this.step({ kind, brokerId: BrokerId(id), incarnationId: `first of ${id}` });
  }

  answer(dial: Dial, incarnationId = dial.incarnationId): readonly SessionEffect[] {
    return this.step({ kind: 'dial-answered', dial, incarnationId });
  }

  isAlive(id: number): boolean {
    return this.sessions.isAlive(BrokerId(id), this.nowMs);
  }
}

/** Proved addresses, an active controller that is not new any more, and a stream and a heartbeat from every broker. */
const running = (ids?: readonly number[]): Scene => {
  const scene = new Scene(ids);
  scene.prove();
  scene.active();
  for (const id of ids ?? [1, 2, 3]) scene.stream('stream-opened', id);
  scene.pass(100);
  for (const id of ids ?? [1, 2, 3]) scene.heartbeat(id);
  return scene;
};

const dialOf = (id: number): Dial => ({
  brokerId: BrokerId(id),
  incarnationId: `first of ${id}`,
  host: `host-${id}`,
  port: 9095,
});
const dials = (id: number, reason: string) => ({ kind: 'dial', dial: dialOf(id), reason });
const fences = (id: number, reason: string) => ({ kind: 'fence', brokerId: id, epoch: 10 + id, reason });

describe('sessions', () => {
  test('end when a broker is silent for their time, and each heartbeat renews them', () => {
    const scene = running();
    scene.pass(1000);
    scene.heartbeat(1);
    scene.heartbeat(2);
    scene.heartbeat(3, 0, BrokerEpoch(1));
    expect(scene.pass(1999)).toEqual([]);
    expect(scene.pass(1)).toEqual([fences(3, 'session-expired')]);
    expect(scene.isAlive(3)).toBe(false);
    scene.heartbeat(2);
    expect(scene.isAlive(1)).toBe(true);
    const later = scene.pass(1000);
    // Broker 3 is asked for again until the metadata say that it is fenced.
    expect(later).toEqual([
      fences(3, 'session-expired'),
      fences(1, 'session-expired'),
      fences(3, 'session-expired'),
    ]);
    scene.register(image(3, { fenced: true }));
    scene.register(image(1, { fenced: true }));
    expect(scene.pass(1999)).toEqual([]);
    expect(scene.pass(1)).toEqual([fences(2, 'session-expired')]);
  });

  test('begin anew with each active controller, and not at all for fenced brokers', () => {
    const scene = new Scene([1, 2]);
    scene.register(image(2, { fenced: true }));
    scene.prove();
    expect(scene.pass(10 * TIMEOUT_MS)).toEqual([]);
    scene.active();
    expect(scene.pass(TIMEOUT_MS)).toEqual([dials(1, 'no-stream'), fences(1, 'session-expired')]);
    scene.step({ kind: 'resigned' });
    expect(scene.pass(TIMEOUT_MS)).toEqual([]);
    scene.active();
    expect(scene.isAlive(1)).toBe(true);
    expect(scene.pass(TIMEOUT_MS - 1)).toEqual([dials(1, 'no-stream')]);
    scene.heartbeat(1);
    scene.register(image(2));
    expect(scene.pass(TIMEOUT_MS)).toEqual([fences(1, 'session-expired'), fences(2, 'session-expired')]);
  });

  test('of a fenced broker keep another incarnation out only while it is heard', () => {
    const scene = running([1]);
    scene.register(image(1, { fenced: true }));
    expect(scene.isAlive(1)).toBe(false);
    scene.heartbeat(1);
    expect(scene.isAlive(1)).toBe(true);
    expect(scene.pass(TIMEOUT_MS)).toEqual([]);
    expect(scene.isAlive(1)).toBe(false);
  });

  test('do not end because this node stood still', () => {
    const scene = running([1]);
    scene.nowMs += 2 * TIMEOUT_MS;
    expect(scene.step({ kind: 'woken' })).toEqual([]);
    expect(scene.isAlive(1)).toBe(true);
    expect(scene.pass(99)).toEqual([]);
    expect(scene.pass(1)).toEqual([fences(1, 'session-expired')]);
  });

  test('go with the registration', () => {
    const scene = running([1]);
    scene.unregister(1);
    expect(scene.sessions.wakeAtMs).toBeUndefined();
    expect(scene.pass(TIMEOUT_MS)).toEqual([]);
    expect(scene.stream('stream-ended', 1)).toEqual([]);
    expect(scene.isAlive(1)).toBe(false);
  });
});

describe('addresses', () => {
  test('are proved after a registration, on every controller, some times over', () => {
    const scene = new Scene([1]);
    expect(scene.pass(49)).toEqual([]);
    expect(scene.pass(1)).toEqual([dials(1, 'registered')]);
    const again: SessionEffect[] = [];
    for (let i = 0; i < 10; i++) {
      scene.step({ kind: i % 2 === 0 ? 'dial-failed' : 'dial-refused', dial: dialOf(1) });
      again.push(...scene.pass(1000));
    }
    expect(again).toEqual(Array.from({ length: 4 }, () => dials(1, 'registered')));
  });

  test('of incarnations that others have followed are not tried', () => {
    const scene = new Scene([]);
    for (const incarnationId of ['a', 'b', 'c']) scene.register(image(1, { incarnationId }));
    expect(scene.pass(1000)).toEqual([
      { kind: 'dial', dial: { ...dialOf(1), incarnationId: 'c' }, reason: 'registered' },
    ]);
  });

  test('are proved again when they change', () => {
    const scene = running([1]);
    const endpoint = { name: 'IN', host: 'elsewhere', port: 1, securityProtocol: 0 };
    scene.register(image(1, { endpoints: new Map([['IN', endpoint]]) }));
    const moved = { ...dialOf(1), host: 'elsewhere', port: 1 };
    expect(scene.pass(50)).toEqual([{ kind: 'dial', dial: moved, reason: 'registered' }]);
    scene.stream('stream-ended', 1);
    // What was found at the old address says nothing about the new one, and a late answer from there neither.
    scene.answer(dialOf(1));
    expect(scene.step({ kind: 'dial-refused', dial: moved })).toEqual([]);
  });
});

describe('when a stream ends', () => {
  test('the broker is dialled, and fenced at once when nobody listens there any more', () => {
    const scene = running();
    expect(scene.stream('stream-ended', 2)).toEqual([dials(2, 'stream-ended')]);
    expect(scene.step({ kind: 'dial-refused', dial: dialOf(2) })).toEqual([fences(2, 'connection-refused')]);
    expect(scene.isAlive(2)).toBe(false);
  });

  test('the broker is fenced at once when another incarnation answers', () => {
    const scene = running();
    scene.stream('stream-ended', 2);
    expect(scene.answer(dialOf(2), 'second of 2')).toEqual([fences(2, 'another-incarnation')]);
  });

  test.each([
    { name: 'the same incarnation answers', input: { kind: 'dial-answered', incarnationId: 'first of 2' } },
    { name: 'the dial says nothing', input: { kind: 'dial-failed' } },
  ] as const)('its session goes on when $name', ({ input }) => {
    const scene = running([2]);
    scene.stream('stream-ended', 2);
    expect(scene.step({ ...input, dial: dialOf(2) })).toEqual([]);
    expect(scene.isAlive(2)).toBe(true);
    expect(scene.pass(TIMEOUT_MS)).toEqual([fences(2, 'session-expired')]);
  });

  test('a refusal counts only where this incarnation was found before', () => {
    const scene = new Scene([1]);
    scene.active();
    scene.stream('stream-opened', 1);
    scene.stream('stream-ended', 1);
    expect(scene.step({ kind: 'dial-refused', dial: dialOf(1) })).toEqual([]);
    expect(scene.isAlive(1)).toBe(true);
    scene.answer(dialOf(1));
    expect(scene.step({ kind: 'dial-refused', dial: dialOf(1) })).toEqual([fences(1, 'connection-refused')]);
  });

  test('a stream that is open again says that the broker is there', () => {
    const scene = running([1]);
    scene.stream('stream-ended', 1);
    scene.stream('stream-opened', 1);
    expect(scene.step({ kind: 'dial-refused', dial: dialOf(1) })).toEqual([]);
    expect(scene.answer(dialOf(1), 'somebody else')).toEqual([]);
    // Also when it opened before the end of the one before was seen.
    scene.stream('stream-opened', 1);
    expect(scene.stream('stream-ended', 1)).toEqual([]);
    scene.stream('stream-ended', 1);
    expect(scene.step({ kind: 'dial-refused', dial: dialOf(1) })).toHaveLength(1);
    scene.stream('stream-opened', 1);
    expect(scene.isAlive(1)).toBe(true);
  });

  test('the stream over which a broker registers is one of its streams', () => {
    const scene = new Scene([]);
    scene.active();
    scene.stream('stream-opened', 1);
    scene.register(image(1));
    scene.prove();
    expect(scene.step({ kind: 'dial-refused', dial: dialOf(1) })).toEqual([]);
    expect(scene.stream('stream-ended', 1)).toEqual([dials(1, 'stream-ended')]);
    expect(scene.step({ kind: 'dial-refused', dial: dialOf(1) })).toEqual([fences(1, 'connection-refused')]);
  });

  test('what is known of an earlier incarnation is void', () => {
    const scene = running([1]);
    scene.register(image(1, { incarnationId: 'second', epoch: BrokerEpoch(20), fenced: true }));
    expect(scene.stream('stream-ended', 1)).toEqual([]);
    expect(scene.step({ kind: 'dial-refused', dial: dialOf(1) })).toEqual([]);
    scene.heartbeat(1);
    expect(scene.isAlive(1)).toBe(false);
  });
});

describe('a new active controller', () => {
  test('dials the node whose loss made it one at once, and others without a stream soon', () => {
    const scene = new Scene();
    scene.prove();
    scene.stream('stream-opened', 2);
    expect(scene.active(3)).toEqual([dials(3, 'lost-with-election')]);
    expect(scene.step({ kind: 'dial-refused', dial: dialOf(3) })).toEqual([fences(3, 'connection-refused')]);
    scene.register(image(3, { fenced: true }));
    expect(scene.pass(99)).toEqual([]);
    expect(scene.pass(1)).toEqual([dials(1, 'no-stream')]);
  });

  test('knows no shutdown offset, and takes all brokers for behind until it has heard them', () => {
    const scene = running([1, 2]);
    const standing = () => scene.sessions.standing(BrokerId(1));
    expect(standing()).toEqual({ controlledShutdownOffset: undefined, lowestActiveOffset: 0 });
    scene.heartbeat(1, 30);
    scene.heartbeat(2, 40);
    expect(standing().lowestActiveOffset).toBe(30);
    scene.sessions.controlledShutdown(BrokerId(1), 45);
    scene.sessions.controlledShutdown(BrokerId(1), 50);
    expect(standing()).toEqual({ controlledShutdownOffset: 45, lowestActiveOffset: 40 });
    scene.step({ kind: 'resigned' });
    scene.active();
    expect(standing()).toEqual({ controlledShutdownOffset: undefined, lowestActiveOffset: -1 });
    scene.register(image(2, { fenced: true }));
    scene.register(image(1, { inControlledShutdown: true }));
    expect(standing().lowestActiveOffset).toBe(Infinity);
  });
});

test('no order of events fences a broker that is connected or heard, and silence fences every one', () => {
  for (let seed = 1; seed <= casesOf(60, 300); seed++) {
    const random = new SeededRandom(seed, 'sessions');
    const scene = new Scene();
    scene.active(random.below(4));
    const streams = new Map<number, number>();
    const heardAtMs = new Map([1, 2, 3].map((id) => [id, scene.nowMs]));
    const check = (effects: readonly SessionEffect[]): void => {
      for (const effect of effects) {
        if (effect.kind !== 'fence') continue;
        const silentMs = scene.nowMs - heardAtMs.get(effect.brokerId)!;
        if (effect.reason === 'session-expired') expect(silentMs).toBeGreaterThanOrEqual(TIMEOUT_MS);
        else expect(streams.get(effect.brokerId) ?? 0).toBe(0);
      }
    };
    const act = (): readonly SessionEffect[] => {
      const id = 1 + random.below(3);
      const dial = dialOf(id);
      switch (random.below(7)) {
        case 0:
          streams.set(id, (streams.get(id) ?? 0) + 1);
          return scene.stream('stream-opened', id);
        case 1:
          streams.set(id, Math.max(0, (streams.get(id) ?? 0) - 1));
          return scene.stream('stream-ended', id);
        case 2:
          return scene.step({ kind: 'dial-refused', dial });
        case 3:
          return scene.answer(dial, random.below(4) === 0 ? 'another' : dial.incarnationId);
        case 4:
          return scene.step({ kind: 'dial-failed', dial });
        default:
          heardAtMs.set(id, scene.nowMs);
          return scene.heartbeat(id);
      }
    };
    try {
      for (let i = 0; i < 100; i++) {
        check(act());
        scene.pass(random.below(400), check);
      }
      const last = scene.pass(TIMEOUT_MS + 500);
      for (const id of [1, 2, 3])
        expect(last).toContainEqual(expect.objectContaining({ kind: 'fence', brokerId: id }));
    } catch (cause) {
      throw new Error(`SEED=${seed}`, { cause });
    }
  }
});
