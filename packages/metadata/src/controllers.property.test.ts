import type { Random } from '@kafkaesque/kernel';
import { BrokerId, SeededRandom, assert } from '@kafkaesque/kernel';
import { casesOf } from '@kafkaesque/kernel/conformance';
import { decodeRecords, encodeRecords } from './batch-codec';
import type { Controller } from './controller';
import { createController } from './controller';
import { exampleSettings } from './example-cluster';
import { drawCommand } from './example-commands';
import { brokerById, stateHash } from './image/lookups';
import { recordsOfImage } from './image/snapshot-records';

/** One entry of the replicated log, as bytes: what nodes share. A leader's first entry holds nothing. */
interface Entry {
  readonly offset: number;
  readonly epoch: number;
  readonly bytes: Buffer;
}

interface Member {
  readonly id: number;
  controller: Controller;
  /** The epoch in which the host of this controller leads, as far as it knows; undefined when it does not. */
  leads: number | undefined;
}

/**
 * Three controllers over a log that is as Raft promises it and no better: what a leader appended may be lost with it or
 * be committed by the next one; members learn what is committed, and who leads, each in its own time.
 */
class Group {
  readonly members: readonly Member[];
  readonly random: Random;
  readonly #hashes = new Map<number, string>();
  /** Committed entries and, behind them, those of the present leader. */
  #log: Entry[] = [];
  #committed = -1;
  #epoch = 0;
  #leader: Member;
  counts = { changes: 0, lost: 0, survived: 0, restored: 0, inherited: 0 };

  constructor(random: Random) {
    this.random = random;
    this.members = [1, 2, 3].map((id) => ({
      ...{ id, leads: undefined },
      controller: createController(exampleSettings()),
    }));
    this.#leader = this.members[0]!;
    this.elect(this.#leader);
    this.#settle();
    this.#append(this.#leader, { kind: 'bootstrap', features: new Map() });
  }

  /** Another member, or the same, leads a new term; it keeps some of what was appended and not committed. */
  elect(member: Member): void {
    const uncommitted = this.#log.length - (this.#committed + 1);
    const kept = this.random.below(uncommitted + 1);
    this.counts.lost += uncommitted - kept;
    this.counts.survived += kept;
    this.#log = this.#log.slice(0, this.#committed + 1 + kept);
    this.#epoch += 1;
    this.counts.changes += 1;
    // A member that stops leading knows it before anything of the new term is delivered to it, not before.
    this.#leader = member;
    this.#log.push({ offset: this.#log.length, epoch: this.#epoch, bytes: encodeRecords([]) });
    this.#resign(member);
  }

  act(): void {
    const member = this.members[this.random.below(3)]!;
    switch (this.random.below(12)) {
      case 0:
        this.elect(member);
        return;
      case 1:
        this.#restore(member);
        return;
      case 2:
      case 3:
        this.#commit();
        return;
      case 4:
      case 5:
      case 6:
        this.#deliver(member);
        return;
      default:
        if (this.#leader.leads !== this.#epoch) this.#settle();
        this.#append(this.#leader, drawCommand(this.#leader.controller.speculative, this.random));
    }
  }

  finish(): void {
    this.#settle();
    for (const member of this.members) while (this.#deliver(member));
    const states = this.members.map(({ controller: { committed } }) => ({
      ...{ offset: committed.offset, epoch: committed.epoch, hash: stateHash(committed) },
      records: [...recordsOfImage(committed)],
    }));
    expect(states[1]).toEqual(states[0]);
    expect(states[2]).toEqual(states[0]);
  }

  /** The leader of the term has committed what it found, and its own first entry; then its host may decide. */
  #settle(): void {
    while (this.#committed < this.#log.length - 1) this.#committed += 1;
    while (this.#deliver(this.#leader));
    if (this.#leader.leads === this.#epoch) return;
    this.#leader.leads = this.#epoch;
    if (this.#leader.controller.committed.brokers.size > 0) this.counts.inherited += 1;
    expect(this.#leader.controller.speculative).toBe(this.#leader.controller.committed);
  }

  #append({ controller }: Member, command: Parameters<Controller['decide']>[0]): void {
    const decision = controller.decide(command, { random: this.random, nextOffset: this.#log.length });
    if (decision.kind === 'refused' || decision.records.length === 0) return;
    const entry = { offset: this.#log.length, epoch: this.#epoch, bytes: encodeRecords(decision.records) };
    this.#log.push(entry);
    controller.appended(entry.offset, entry.epoch, decision.records);
    expect(controller.speculative.offset).toBe(entry.offset);
    expect(controller.committed.offset).toBeLessThan(entry.offset);
  }

  #commit(): void {
    if (this.#committed < this.#log.length - 1) this.#committed += 1;
  }

  /** The next committed entry, if there is one: as decoded bytes, on its leader too. */
  #deliver(member: Member): boolean {
    const entry = this.#log[member.controller.committed.offset + 1];
    if (entry === undefined || entry.offset > this.#committed) return false;
    if (entry.epoch > (member.leads ?? Infinity)) this.#resign(member);
    const records = decodeRecords(entry.bytes);
    const delta = member.controller.apply({ offset: entry.offset, epoch: entry.epoch, records });
    expect(delta.after).toBe(member.controller.committed);
    this.#check(member);
    return true;
  }

  /** Nodes that have applied the same offset hold the same state. */
  #check({ controller: { committed } }: Member): void {
    const hash = stateHash(committed);
    const known = this.#hashes.get(committed.offset);
    if (known !== undefined) expect([committed.offset, hash]).toEqual([committed.offset, known]);
    this.#hashes.set(committed.offset, hash);
  }

  /** A member that does not lead is given another's state: one that lags, one that restarts with nothing, or an old leader. */
  #restore(member: Member): void {
    if (member === this.#leader) return;
    const from = this.members[this.random.below(3)]!;
    const isEmpty = this.random.below(3) === 0;
    if (isEmpty) {
      member.controller = createController(exampleSettings());
      member.leads = undefined;
    }
    if (from === member || from.controller.committed.offset <= member.controller.committed.offset) return;
    const { offset, epoch, chunks } = from.controller.snapshot();
    const sink = member.controller.restore(offset, epoch, (delta) => {
      expect(delta.after.offset).toBe(offset);
    });
    const before = member.controller.committed;
    for (const chunk of chunks) sink.records(decodeRecords(encodeRecords(chunk)));
    expect(member.controller.committed).toBe(before);
    for (const _ of sink.finish()) expect(member.controller.committed).toBe(before);
    expect(member.controller.speculative).toBe(member.controller.committed);
    member.leads = undefined;
    this.counts.restored += 1;
    this.#check(member);
  }

  #resign(member: Member): void {
    member.leads = undefined;
    member.controller.resign();
    expect(member.controller.speculative).toBe(member.controller.committed);
  }
}

const seeds = casesOf(8, 25);

describe('three controllers whose leadership changes', () => {
  test(`agree on the state at every offset, whatever was lost on the way (${seeds} seeds)`, () => {
    const totals = { changes: 0, lost: 0, survived: 0, restored: 0, inherited: 0 };
    for (let seed = 1; seed <= seeds; seed++) {
      const group = new Group(new SeededRandom(seed, 'controllers'));
      try {
        for (let i = 0; i < 250; i++) group.act();
        group.finish();
      } catch (cause) {
        throw new Error(`SEED=${seed}`, { cause });
      }
      for (const key of Object.keys(totals) as (keyof typeof totals)[]) totals[key] += group.counts[key];
    }
    for (const [what, count] of Object.entries(totals)) {
      assert(count > seeds, () => `enough was ${what}: ${count}`);
    }
  }, 60_000);
});

describe('a controller', () => {
  const active = (): Controller => {
    const controller = createController(exampleSettings());
    controller.apply({ offset: 0, epoch: 1, records: [] });
    return controller;
  };
  const append = (controller: Controller, offset: number, epoch: number): Buffer => {
    const random = new SeededRandom(1, 'one');
    const decision = controller.decide(
      { kind: 'bootstrap', features: new Map() },
      { random, nextOffset: offset },
    );
    assert(decision.kind === 'decided', 'a new cluster begins');
    controller.appended(offset, epoch, decision.records);
    return encodeRecords(decision.records);
  };

  test('that was told of another leader takes its batch at the offset of an own one', () => {
    const controller = active();
    append(controller, 1, 1);
    controller.resign();
    controller.apply({ offset: 1, epoch: 2, records: [] });
    expect(controller.committed.features.size).toBe(0);
  });

  test('that was not told of another leader does not take its batch for an own one', () => {
    const controller = active();
    const bytes = append(controller, 1, 1);
    expect(() => controller.apply({ offset: 1, epoch: 2, records: decodeRecords(bytes) })).toThrow(
      'what another leader committed was never appended here',
    );
  });

  test('commits its own batch when the next leader does, and leads again on top of it', () => {
    const controller = active();
    const bytes = append(controller, 1, 1);
    controller.resign();
    controller.apply({ offset: 1, epoch: 1, records: decodeRecords(bytes) });
    controller.apply({ offset: 2, epoch: 3, records: [] });
    expect(controller.speculative.features.size).toBeGreaterThan(0);
    expect(brokerById(controller.speculative, BrokerId(1))).toBeUndefined();
    controller.appended(3, 3, []);
    controller.apply({ offset: 3, epoch: 3, records: [] });
    expect(controller.committed).toMatchObject({ offset: 3, epoch: 3 });
  });

  test('does not lead while a snapshot replaces its state, and goes on when none does in the end', () => {
    const controller = active();
    append(controller, 1, 1);
    const sink = controller.restore(5, 1, () => undefined);
    expect(controller.speculative).toBe(controller.committed);
    append(controller, 1, 1);
    expect(() => [...sink.finish()]).toThrow('nobody leads while a snapshot replaces his state');
    expect(controller.committed.offset).toBe(0);
  });
});
