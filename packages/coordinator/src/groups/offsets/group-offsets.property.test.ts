import { LeaderEpoch, Offset, TopicId } from '@kafkaesque/kernel';
import { casesOf } from '@kafkaesque/kernel/conformance';
import fc from 'fast-check';
import { DAY_MS, MachineScene, WALL } from '../testing/machine-scene';

const groupIds = ['g', 'h', 'i'];
const topicNames = ['orders', 'bills', 'parcels'];

/** What is known of one offset by whoever only heard the answers. */
interface Told {
  readonly offset: number;
  readonly atMs: number;
}

/** The scene, and beside it what its answers said. */
class ToldScene {
  readonly scene = new MachineScene();
  /** By group, then `topic-partition`. */
  readonly told = new Map<string, Map<string, Told>>();
  #ids = 0;

  constructor() {
    this.scene.settings.offsetsRetentionCheckIntervalMs = DAY_MS / 4;
    this.scene.reload();
    for (const topic of topicNames) this.#create(topic);
  }

  commit(groupId: string, topic: string, partition: number, offset: number): void {
    if (!this.scene.topics.has(topic)) this.#create(topic);
    const [errorCode] = this.scene.commit(groupId, [this.scene.offset(topic, partition, offset)]);
    expect(errorCode).toBe(0);
    this.#of(groupId).set(`${topic}-${partition}`, { offset, atMs: this.scene.nowMs });
  }

  /** A transaction's offsets, and whether it is committed; no time passes, and nobody else commits. */
  transaction(groupId: string, topic: string, partition: number, offset: number, isCommitted: boolean): void {
    const topicId = this.scene.topics.get(topic);
    if (topicId === undefined) return;
    const { nowMs } = this.scene;
    this.scene.append(
      {
        kind: 'OffsetCommit',
        key: { group: groupId, topic, partition },
        value: {
          ...{ offset: Offset(offset), leaderEpoch: LeaderEpoch(-1), metadata: '', topicId },
          ...{ commitTimestamp: WALL + nowMs, expireTimestamp: -1 },
        },
      },
      77,
    );
    this.scene.endTransaction(77, isCommitted);
    if (isCommitted) this.#of(groupId).set(`${topic}-${partition}`, { offset, atMs: nowMs });
  }

  deleteOffset(groupId: string, topic: string, partition: number): void {
    const { errorCode } = this.scene.ask<'delete-offsets'>({
      ...{ kind: 'delete-offsets', groupId, partitions: [this.scene.partition(topic, partition)] },
    });
    expect([0, 69]).toContain(errorCode);
    this.#of(groupId).delete(`${topic}-${partition}`);
  }

  deleteGroup(groupId: string): void {
    this.scene.ask<'delete-group'>({ kind: 'delete-group', groupId });
    this.told.delete(groupId);
  }

  deleteTopic(topic: string): void {
    this.scene.setTopic(topic, undefined);
    for (const offsets of this.told.values())
      for (const key of offsets.keys()) if (key.startsWith(`${topic}-`)) offsets.delete(key);
  }

  pass(ms: number): void {
    this.scene.pass(ms);
    const { nowMs, settings } = this.scene;
    // Expiry has looked at everything less than two of its intervals ago.
    for (const offsets of this.told.values())
      for (const [key, { atMs }] of offsets)
        if (nowMs - atMs >= settings.offsetsRetentionMs) offsets.delete(key);
  }

  /** Some things happen of which nothing is committed for now: what is told stays what it was. */
  hold(steps: readonly (() => void)[]): void {
    const { scene } = this;
    const before = groupIds.map((groupId) => scene.shown(groupId));
    scene.isHeld = true;
    for (const happens of steps) {
      happens();
      expect(groupIds.map((groupId) => scene.shown(groupId))).toEqual(before);
    }
    scene.isHeld = false;
    scene.commitLog();
  }

  check(): void {
    for (const groupId of groupIds) {
      const told = [...(this.told.get(groupId) ?? [])].map(([key, { offset }]) => `${key}: ${offset}`);
      expect(this.scene.shown(groupId)).toEqual(told.toSorted());
    }
  }

  #of(groupId: string): Map<string, Told> {
    const offsets = this.told.get(groupId) ?? new Map<string, Told>();
    this.told.set(groupId, offsets);
    return offsets;
  }

  #create(topic: string): void {
    this.#ids += 1;
    this.scene.setTopic(topic, TopicId(`${`topic-${this.#ids}`.padEnd(20, '-')}_A`));
  }
}

const group = fc.constantFrom(...groupIds);
const topic = fc.constantFrom(...topicNames);
const partition = fc.nat(3);
const offset = fc.nat(1_000_000);

/** What offsets come from. */
const commits = [
  { weight: 8, arbitrary: fc.tuple(fc.constant('commit' as const), group, topic, partition, offset) },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constant('transaction' as const), group, topic, partition, offset, fc.boolean()),
  },
];

/** One thing that happens. */
const step = fc.oneof(
  ...commits,
  { weight: 2, arbitrary: fc.tuple(fc.constant('deleteOffset' as const), group, topic, partition) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('deleteGroup' as const), group) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('deleteTopic' as const), topic) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('reload' as const), fc.boolean()) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('pass' as const), fc.integer({ min: 1, max: 4 })) },
);

/** What leaves the topics as they are, and lets no time pass. */
const heldStep = fc.oneof(
  ...commits,
  { weight: 3, arbitrary: fc.tuple(fc.constant('deleteOffset' as const), group, topic, partition) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('deleteGroup' as const), group) },
);

test('whatever is not committed yet is not told, and all of it is once it is', () => {
  const rounds = fc.array(fc.array(heldStep, { maxLength: 20 }), { maxLength: 12, size: 'max' });
  const property = fc.property(rounds, (all) => {
    const told = new ToldScene();
    for (const round of all) {
      told.hold(
        round.map(
          ([kind, ...rest]) =>
            () =>
              (told[kind] as (...args: readonly unknown[]) => void).apply(told, rest),
        ),
      );
      told.check();
    }
  });
  fc.assert(property, { numRuns: 60, endOnFailure: true });
});

test('what was answered is what is committed, through deletions, expiry, deleted topics, reloads and compaction', () => {
  const property = fc.property(fc.array(step, { minLength: 20, maxLength: 120, size: 'max' }), (steps) => {
    const scene = new ToldScene();
    for (const [kind, ...rest] of steps) {
      if (kind === 'reload') scene.scene.reload({ isCompacted: rest[0] as boolean });
      else if (kind === 'pass') scene.pass((rest[0] as number) * DAY_MS);
      else (scene[kind] as (...args: readonly unknown[]) => void).apply(scene, rest);
      scene.check();
    }
  });
  // fast-check names seed and path of what fails; give them to `fc.assert` to see it again.
  fc.assert(property, { numRuns: casesOf(15, 60), endOnFailure: true });
});
