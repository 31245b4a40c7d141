import type { TopicId } from '@kafkaesque/kernel';
import type { ApiName, RequestDraftOf, ResponseOf } from '@kafkaesque/protocol';

/** A topic that is there, with one record, and its id. */
export interface Known {
  readonly topic: string;
  readonly topicId: TopicId;
}

/** One API: what is asked in a version, and what a right answer has in it. */
export interface Question<Name extends ApiName> {
  readonly ask: (version: number, known: Known) => RequestDraftOf<Name>;
  readonly judge: (answer: ResponseOf<Name>, version: number, known: Known) => void;
}
