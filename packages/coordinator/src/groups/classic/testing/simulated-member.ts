import type { SeededRandom } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Ticket } from '../../../runtime/machine';
import { GROUP, protocols, type ClassicScene } from './classic-scene';

/** What a member was given in one generation. */
export interface Ownership {
  readonly generation: number;
  /** Instance or member id: a static member keeps what it owns when its member id changes. */
  readonly owner: string;
  readonly partitions: readonly number[];
}

const PARTITIONS = 12;

type Phase =
  | { readonly kind: 'dead' }
  | { readonly kind: 'out' }
  | { readonly kind: 'joining'; readonly ticket: Ticket }
  /** Has been told of its generation, and has not asked for its assignment. */
  | { readonly kind: 'joined'; readonly members: readonly string[]; readonly leads: boolean }
  | { readonly kind: 'syncing'; readonly ticket: Ticket }
  | { readonly kind: 'in' };

/** A consumer as it may behave: mostly well, but it stops, forgets who it was, asks twice, is silent, changes its mind. */
export class SimulatedMember {
  readonly name: string;
  readonly #scene: ClassicScene;
  readonly #random: SeededRandom;
  readonly #instanceId: string | null;
  readonly #sessionTimeoutMs: number;
  readonly #rebalanceTimeoutMs: number;
  #phase: Phase = { kind: 'dead' };
  #memberId = '';
  #generation = -1;
  #metadata = 0;

  constructor(scene: ClassicScene, random: SeededRandom, index: number) {
    this.#scene = scene;
    this.#random = random;
    this.name = `c${String(index)}`;
    this.#instanceId = index % 3 === 0 ? `i${String(index)}` : null;
    this.#sessionTimeoutMs = [6000, 10_000, 30_000][random.below(3)] ?? 6000;
    this.#rebalanceTimeoutMs = [20_000, 60_000][random.below(2)] ?? 60_000;
  }

  /** One thing that it does; gives what it was just assigned. */
  step(): Ownership | undefined {
    switch (this.#phase.kind) {
      case 'dead':
        // What was restarted knows its instance, but not its member id.
        this.#memberId = '';
        this.#phase = { kind: 'out' };
        return undefined;
      case 'out':
        this.#join();
        return undefined;
      case 'joining':
        this.#lookAtJoin(this.#phase.ticket);
        return undefined;
      case 'joined':
        if (this.#chance(0.9)) this.#sync(this.#phase.members, this.#phase.leads);
        return undefined;
      case 'syncing':
        return this.#lookAtSync(this.#phase.ticket);
      case 'in':
        this.#live();
        return undefined;
    }
  }

  /** Its process ends without a word. */
  kill(): void {
    this.#phase = { kind: 'dead' };
  }

  #chance(probability: number): boolean {
    return this.#random.fraction() < probability;
  }

  #join(): void {
    const names = this.#chance(0.2) ? ['range', 'sticky'] : ['sticky', 'range'];
    const metadata = Buffer.from(`${this.name} ${String(this.#metadata)}`);
    const ticket = this.#scene.join({
      clientId: this.name,
      memberId: this.#memberId,
      groupInstanceId: this.#instanceId,
      version: this.#random.below(6) + (this.#instanceId === null ? 3 : 5),
      sessionTimeoutMs: this.#sessionTimeoutMs,
      rebalanceTimeoutMs: this.#rebalanceTimeoutMs,
      protocols: protocols(...names).map(({ name }) => ({ name, metadata })),
    });
    this.#phase = { kind: 'joining', ticket };
  }

  #lookAtJoin(ticket: Ticket): void {
    const error = this.#scene.errorOf(ticket);
    if (error === undefined) {
      // Asks again on another connection, or gives up.
      if (this.#chance(0.03)) this.#join();
      else if (this.#chance(0.02)) this.kill();
      return;
    }
    const { memberId, generationId = -1, leader, members, skipAssignment } = this.#scene.joined(ticket);
    if (error === 'MEMBER_ID_REQUIRED') this.#memberId = memberId;
    if (error !== 'NONE') {
      this.#refused(error);
      return;
    }
    this.#memberId = memberId;
    this.#generation = generationId;
    const leads = leader === memberId && skipAssignment !== true;
    this.#phase = { kind: 'joined', leads, members: members.map((member) => member.memberId) };
  }

  #sync(members: readonly string[], leads: boolean): void {
    const assignments = members.map((memberId, index) => ({
      memberId,
      assignment: Buffer.from(
        Array.from({ length: PARTITIONS }, (_, partition) => partition).filter(
          (partition) => partition % members.length === index,
        ),
      ),
    }));
    const ticket = this.#scene.sync({
      memberId: this.#memberId,
      groupInstanceId: this.#instanceId,
      generationId: this.#generation,
      version: 4,
      ...{ protocolType: null, protocolName: null },
      assignments: leads ? assignments : [],
    });
    this.#phase = { kind: 'syncing', ticket };
  }

  #lookAtSync(ticket: Ticket): Ownership | undefined {
    const error = this.#scene.errorOf(ticket);
    if (error === undefined) {
      if (this.#chance(0.02)) this.kill();
      return undefined;
    }
    if (error !== 'NONE') {
      this.#refused(error);
      return undefined;
    }
    this.#phase = { kind: 'in' };
    return {
      generation: this.#generation,
      owner: this.#instanceId ?? this.#memberId,
      partitions: [...this.#scene.answer('sync', ticket).assignment],
    };
  }

  #live(): void {
    if (this.#chance(0.04)) {
      this.kill();
      return;
    }
    if (this.#chance(0.03)) {
      const members = [{ memberId: this.#memberId, groupInstanceId: this.#instanceId, reason: null }];
      this.#scene.leave({ members });
      this.#phase = { kind: 'dead' };
      return;
    }
    if (this.#chance(0.04)) {
      this.#metadata += 1;
      this.#join();
      return;
    }
    const error = this.#scene.heartbeat({
      memberId: this.#memberId,
      groupInstanceId: this.#instanceId,
      generationId: this.#generation,
    });
    if (error !== 'NONE') this.#refused(error);
  }

  #refused(error: string): void {
    if (error === 'UNKNOWN_MEMBER_ID') this.#memberId = '';
    this.#phase = error === 'FENCED_INSTANCE_ID' ? { kind: 'dead' } : { kind: 'out' };
  }

  /** May this member commit now, as the group sees it? */
  commitRefusal(): number {
    const group = this.#scene.groups.get(GROUP);
    return (
      group?.commitRefusal(this.#memberId, this.#instanceId, this.#generation, 9) ??
      ErrorCode.UNKNOWN_MEMBER_ID
    );
  }

  get claim(): { readonly memberId: string; readonly generation: number } {
    return { memberId: this.#memberId, generation: this.#generation };
  }
}
