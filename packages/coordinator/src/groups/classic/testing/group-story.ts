import { SeededRandom, assert } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Ticket } from '../../../runtime/machine';
import type { ClassicGroup } from '../classic-group';
import { ClassicScene, GROUP } from './classic-scene';
import { SimulatedMember, type Ownership } from './simulated-member';

const STEPS = 600;
/** The longest rebalance timeout, the initial delay, and the time for which writes may be refused. */
const LONGEST_WAIT_MS = 60_000 + 3000 + 5000;

/** What must hold of one group, whatever happens to it. */
class Watch {
  readonly #scene: ClassicScene;
  readonly #owners = new Map<string, string>();
  readonly #since = new Map<Ticket, number>();
  #looked = 0;
  #lastStored: { readonly generation: number; readonly assigned: string } | undefined;
  generations = 0;
  owned = 0;

  constructor(scene: ClassicScene) {
    this.#scene = scene;
  }

  /** G3: in one generation, a partition belongs to one member. */
  assigned({ generation, owner, partitions }: Ownership): void {
    for (const partition of partitions) {
      const key = `${String(generation)}/${String(partition)}`;
      const other = this.#owners.get(key) ?? owner;
      assert(other === owner, () => `${key} belongs to ${other} and ${owner}`);
      this.#owners.set(key, owner);
      this.owned += 1;
    }
  }

  /** G2: nobody commits but members of the generation that runs. */
  commits(member: SimulatedMember): void {
    if (member.commitRefusal() !== ErrorCode.NONE) return;
    const group = this.#group();
    const { memberId, generation } = member.claim;
    // Without a generation, as long as nobody is there.
    if (generation < 0 && group?.state === 'Empty') return;
    const isMember = group?.members.has(memberId) === true && group.generationId === generation;
    assert(isMember && group.state !== 'CompletingRebalance', () => `${memberId} may commit`);
  }

  look(): void {
    this.#lookAtLog();
    this.#lookAtWaits();
    const group = this.#group();
    if (group !== undefined) this.#lookAtGroup(group);
  }

  #group(): ClassicGroup | undefined {
    return this.#scene.groups.has(GROUP) ? this.#scene.group() : undefined;
  }

  /** Stored generations grow; what is assigned in one does not change. */
  #lookAtLog(): void {
    for (; this.#looked < this.#scene.log.length; this.#looked += 1) {
      const record = this.#scene.log[this.#looked]?.record;
      if (record?.kind !== 'GroupMetadata' || record.value === null) continue;
      const { generation, members } = record.value;
      const assigned = JSON.stringify(
        members.map((member) => [member.groupInstanceId ?? member.memberId, [...member.assignment]]).sort(),
      );
      const last = this.#lastStored;
      if (last !== undefined && generation <= last.generation)
        assert(
          generation === last.generation && assigned === last.assigned,
          () => `generation ${String(last.generation)} was followed by ${String(generation)}: ${assigned}`,
        );
      else this.generations += 1;
      this.#lastStored = { generation, assigned };
    }
  }

  #lookAtWaits(): void {
    const open = new Set(this.#scene.open);
    for (const ticket of this.#since.keys()) if (!open.has(ticket)) this.#since.delete(ticket);
    for (const ticket of open) {
      const sinceMs = this.#since.get(ticket) ?? this.#scene.nowMs;
      this.#since.set(ticket, sinceMs);
      const waitedMs = this.#scene.nowMs - sinceMs;
      assert(waitedMs <= LONGEST_WAIT_MS, () => `ticket ${String(ticket)} waits for ${String(waitedMs)} ms`);
    }
  }

  #lookAtGroup(group: ClassicGroup): void {
    const { timers, open } = this.#scene;
    const isPreparing = group.state === 'PreparingRebalance';
    assert(!isPreparing || timers.has(group.joinTimerKey), 'a join phase has an end');
    assert(group.pendingSyncs.size === 0 || timers.has(group.syncTimerKey), 'a sync phase has an end');
    const known = new Set([group.joinTimerKey, group.syncTimerKey, ...group.pendingJoins.values()]);
    const waiting = new Set<Ticket>();
    let joining = 0;
    for (const { memberId, sessionKey, joinWait, syncWait } of group.members.values()) {
      known.add(sessionKey);
      if (joinWait !== undefined) joining += 1;
      for (const wait of [joinWait, syncWait]) if (wait !== undefined) waiting.add(wait.ticket);
      const isSeen = joinWait !== undefined || syncWait !== undefined || timers.has(sessionKey);
      assert(isSeen, () => `${memberId} neither waits nor has a session`);
    }
    assert(group.awaitingJoinCount === joining, 'those who wait are counted');
    assert(
      waiting.size === open.length && open.every((ticket) => waiting.has(ticket)),
      () => `${String([...waiting])} wait in the group, ${String(open)} outside`,
    );
    for (const key of timers.keys()) assert(known.has(key), () => `timer ${key} is of nothing that is here`);
    if (group.state === 'Stable')
      assert(group.selectProtocol() === group.protocolName, 'all members know the protocol');
    const { leaderId } = group;
    assert(
      leaderId === null ? group.members.size === 0 : group.members.has(leaderId),
      () => `${String(leaderId)} leads, but is not there`,
    );
  }
}

/** One seed's story of a group: everything is checked after every step. Throws what did not hold. */
export const groupStory = (seed: number): { readonly generations: number; readonly owned: number } => {
  const random = new SeededRandom(seed, 'classic');
  const scene = new ClassicScene(random.below(3) === 0 ? { maxSize: 3 } : {});
  const members = Array.from({ length: 2 + random.below(5) }, (_, index) => {
    return new SimulatedMember(scene, random, index);
  });
  // Two processes that think they are the same instance.
  if (random.below(2) === 0) members.push(new SimulatedMember(scene, random, 0));
  const watch = new Watch(scene);
  let refusesUntilMs = 0;
  for (let step = 0; step < STEPS; step += 1) {
    if (random.below(150) === 0) scene.reload();
    if (random.below(100) === 0) {
      scene.refusesWrites = ErrorCode.NOT_ENOUGH_REPLICAS;
      refusesUntilMs = scene.nowMs + random.below(3000);
    }
    if (scene.nowMs >= refusesUntilMs) scene.refusesWrites = 0;
    const member = members[random.below(members.length)];
    const assigned = member?.step();
    if (assigned !== undefined) watch.assigned(assigned);
    for (const one of members) watch.commits(one);
    if (random.below(3) === 0) scene.advance(random.below(random.below(20) === 0 ? 15_000 : 900));
    watch.look();
  }
  // All processes end: nothing may be left of them.
  scene.refusesWrites = 0;
  for (let minute = 0; minute < 15; minute += 1) {
    scene.advance(60_000);
    watch.look();
  }
  assert(scene.open.length === 0, 'somebody waits for ever');
  assert(scene.timers.size === 0, () => `timers are left: ${[...scene.timers.keys()].join(', ')}`);
  assert(scene.groups.size === 0 || scene.group().state === 'Empty', 'the group has members that are gone');
  return watch;
};
