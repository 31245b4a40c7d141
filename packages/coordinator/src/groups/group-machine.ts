import type { GroupRecord } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Now, RecordPosition, ReplayedMachine, Ticket } from '../runtime/machine';
import type { GroupDecision } from './group';
import { coordinatorRefusal, refusal } from './refusals';
import type { GroupAnswer, GroupRequest } from './requests';
import type { ClassicProtocol, ConsumerProtocol, Groups } from './rules';
import type { GroupWorld } from './world';

/** The groups of one partition of `__consumer_offsets`: sends requests, timers and records to the rules that know them. */
export class GroupMachine implements ReplayedMachine<GroupRecord, GroupRequest, GroupAnswer> {
  readonly #world: GroupWorld;
  readonly #groups: Groups = new Map();
  readonly #classic: ClassicProtocol | undefined;
  readonly #consumer: ConsumerProtocol | undefined;

  constructor(world: GroupWorld) {
    this.#world = world;
  }

  decide(request: GroupRequest, ticket: Ticket, now: Now): GroupDecision {
    void this.#groups;
    void this.#world;
    void this.#classic;
    void this.#consumer;
    void now;
    return answered(ticket, refusal(request, ErrorCode.COORDINATOR_NOT_AVAILABLE));
  }

  timer(key: string, now: Now): GroupDecision {
    void key;
    void now;
    return { records: [] };
  }

  metadataChanged(now: Now): readonly GroupDecision[] {
    void now;
    return [];
  }

  replay(record: GroupRecord, at: RecordPosition): void {
    void record;
    void at;
  }

  loaded(now: Now): readonly GroupDecision[] {
    void now;
    return [];
  }

  refusal(request: GroupRequest, errorCode: number): GroupAnswer {
    return coordinatorRefusal(request, errorCode);
  }
}

const answered = (ticket: Ticket, answer: GroupAnswer): GroupDecision => ({
  records: [],
  then: () => [{ kind: 'reply', ticket, answer }],
});
