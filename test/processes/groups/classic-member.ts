import { ConsumerProtocolAssignment, ConsumerProtocolSubscription } from '@kafkaesque/protocol';
import { ERROR_CODES, isElsewhere } from './group-errors';
import { SESSION_MS } from './group-register';
import { Member } from './member';

const REBALANCE_MS = 10_000;
const PROTOCOL = 'range';

const versioned = (encoded: Buffer): Buffer => Buffer.concat([Buffer.alloc(2), encoded]);

/** A member by the classic protocol without a client between, which therefore knows its generation. */
export class ClassicMember extends Member {
  #memberId = '';
  #generation = -1;
  #owned: readonly number[] = [];

  protected override async turn(): Promise<void> {
    if (this.#generation < 0) await this.#join();
    else await this.#heartbeat();
  }

  protected override async goodbye(): Promise<void> {
    if (this.#memberId === '') return;
    await this.link.ask('LeaveGroup', 4, {
      groupId: this.register.group,
      members: [{ memberId: this.#memberId }],
    });
  }

  protected override forgotten(): void {
    this.#generation = -1;
    this.#owned = [];
  }

  async #join(): Promise<void> {
    const { group } = this.register;
    this.register.releasesAll(this.name);
    this.has([]);
    const subscription = ConsumerProtocolSubscription.encode({ topics: [this.topic] }, 0);
    const joined = await this.link.ask('JoinGroup', 7, {
      ...{ groupId: group, sessionTimeoutMs: SESSION_MS, rebalanceTimeoutMs: REBALANCE_MS },
      ...{ memberId: this.#memberId, protocolType: 'consumer' },
      protocols: [{ name: PROTOCOL, metadata: versioned(subscription) }],
    });
    if (joined.errorCode === ERROR_CODES.MEMBER_ID_REQUIRED) {
      this.#memberId = joined.memberId;
      return;
    }
    if (!this.#isTaken(joined.errorCode)) return;
    this.#memberId = joined.memberId;
    const isLeader = joined.leader === joined.memberId;
    const members = joined.members.map(({ memberId }) => memberId).sort();
    const assignments = members.map((memberId, at) => {
      const partitions = this.allPartitions().filter((partition) => partition % members.length === at);
      const assignment = ConsumerProtocolAssignment.encode(
        { assignedPartitions: [{ topic: this.topic, partitions }] },
        0,
      );
      return { memberId, assignment: versioned(assignment) };
    });
    const sentMs = performance.now();
    const { errorCode, assignment } = await this.link.ask('SyncGroup', 5, {
      ...{ groupId: group, generationId: joined.generationId, memberId: this.#memberId },
      ...{ protocolType: 'consumer', protocolName: PROTOCOL },
      assignments: isLeader ? assignments : [],
    });
    if (!this.#isTaken(errorCode)) return;
    this.#generation = joined.generationId;
    this.#owned =
      assignment.length === 0
        ? []
        : (ConsumerProtocolAssignment.decode(assignment, 0, 2).assignedPartitions[0]?.partitions ?? []);
    for (const partition of this.#owned) this.register.owns(this.name, this.#generation, partition, sentMs);
  }

  async #heartbeat(): Promise<void> {
    const groupId = this.register.group;
    const member = { groupId, generationId: this.#generation, memberId: this.#memberId };
    await this.commit(this.#owned, this.#generation, this.#memberId, (code) => void this.#isTaken(code));
    if (this.#generation < 0) return;
    const sentMs = performance.now();
    const { errorCode } = await this.link.ask('Heartbeat', 4, member);
    if (this.#isTaken(errorCode)) this.register.isAlive(this.name, sentMs);
  }

  /** Whether an answer is a good one; what it says otherwise is heeded. */
  #isTaken(errorCode: number): boolean {
    if (errorCode === ERROR_CODES.NONE) return true;
    if (isElsewhere(errorCode)) {
      this.link.lost();
      return false;
    }
    if (errorCode === ERROR_CODES.UNKNOWN_MEMBER_ID) this.#memberId = '';
    // A rebalance, or a generation that is over.
    this.forgotten();
    return false;
  }
}
