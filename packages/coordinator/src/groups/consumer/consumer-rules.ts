import { errors } from '@kafkaesque/protocol';
import type { GroupRecord } from '@kafkaesque/protocol';
import type { Now, RecordPosition, Ticket } from '../../runtime/machine';
import type { ClassicConversion } from '../classic-conversion';
import type { GroupDecision, GroupFacts } from '../group';
import type { GroupAnswer, GroupAnswers, GroupRequest } from '../requests';
import type { GroupWorld } from '../world';

type Asked<Kind extends GroupRequest['kind']> = Extract<GroupRequest, { readonly kind: Kind }>;

const replied = (ticket: Ticket, answer: GroupAnswer): GroupDecision => ({
  records: [],
  then: () => [{ kind: 'reply', ticket, answer }],
});

/** The records that these rules replay. */
export type ConsumerRecord = Extract<GroupRecord, { readonly kind: `Consumer${string}` }>;

/** The rules of groups of the consumer protocol (KIP-848). Timer keys begin with `consumer/`. */
export class ConsumerRules {
  constructor(_world: GroupWorld, _groups: Map<string, GroupFacts>, _classic: ClassicConversion) {}

  heartbeat(_asked: Asked<'consumer-heartbeat'>, ticket: Ticket, _now: Now): GroupDecision {
    const answer = {
      errorCode: errors.UNSUPPORTED_VERSION.code,
      memberEpoch: 0,
      heartbeatIntervalMs: 0,
    };
    return replied(ticket, { kind: 'consumer-heartbeat', answer });
  }

  /** Answers a describe-consumer request; the handler adds the authorized operations. */
  describe(groupId: string): GroupAnswers['describe-consumer'] {
    return {
      errorCode: errors.GROUP_ID_NOT_FOUND.code,
      errorMessage: `Group ${groupId} not found.`,
      groupId,
      groupState: '',
      groupEpoch: 0,
      assignmentEpoch: 0,
      assignorName: '',
      members: [],
    };
  }

  /** A classic member's join of a group that is a consumer one by now. */
  classicJoin(_asked: Asked<'join'>, _ticket: Ticket, _now: Now): GroupDecision {
    return { records: [] };
  }

  classicSync(_asked: Asked<'sync'>, _ticket: Ticket, _now: Now): GroupDecision {
    return { records: [] };
  }

  classicHeartbeat(_asked: Asked<'heartbeat'>, _ticket: Ticket, _now: Now): GroupDecision {
    return { records: [] };
  }

  classicLeave(_asked: Asked<'leave'>, _ticket: Ticket, _now: Now): GroupDecision {
    return { records: [] };
  }

  /** A timer whose key begins with `consumer/` is due. */
  timer(_key: string, _now: Now): GroupDecision {
    return { records: [] };
  }

  replay(_record: ConsumerRecord, _at: RecordPosition): void {
    return;
  }

  metadataChanged(_now: Now): readonly GroupDecision[] {
    return [];
  }

  loaded(_now: Now): readonly GroupDecision[] {
    return [];
  }
}
