import { errors } from '@kafkaesque/protocol';
import type { GroupRecord } from '@kafkaesque/protocol';
import type { GroupFacts } from '../group';
import type { GroupAnswers } from '../requests';

/** A group of the consumer protocol (KIP-848), as its records tell. */
export class ConsumerGroup implements GroupFacts {
  readonly kind = 'consumer';
  readonly protocolType = 'consumer';
  readonly groupId: string;

  constructor(groupId: string) {
    this.groupId = groupId;
  }

  get state(): string {
    return 'Empty';
  }

  commitRefusal(): number {
    return errors.UNKNOWN_MEMBER_ID.code;
  }

  fetchRefusal(): number {
    return errors.NONE.code;
  }

  deleteRefusal(): number {
    return errors.NONE.code;
  }

  deleteOffsetsRefusal(): number {
    return errors.NONE.code;
  }

  isSubscribedTo(): boolean {
    return false;
  }

  expiry(): ReturnType<GroupFacts['expiry']> {
    return { kind: 'by-commit' };
  }

  tombstones(): readonly GroupRecord[] {
    return [];
  }

  describe(): GroupAnswers['describe-classic'] {
    return {
      errorCode: errors.GROUP_ID_NOT_FOUND.code,
      errorMessage: `Group ${this.groupId} is not a classic group.`,
      groupId: this.groupId,
      groupState: 'Dead',
      protocolType: '',
      protocolData: '',
      members: [],
    };
  }
}
