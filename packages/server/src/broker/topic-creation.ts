import type { TopicId } from '@kafkaesque/kernel';
import type { TopicImage } from '@kafkaesque/metadata';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Broker } from './broker';

export type AutomaticCreation =
  | { readonly kind: 'created'; readonly topic: TopicImage }
  | { readonly kind: 'failed'; readonly errorCode: number };

/** A random UUID (version 4, as Kafka's), in base64url; never one that starts with `-`, which tools take for an option. */
export const drawTopicId = (broker: Pick<Broker, 'random'>): TopicId => {
  for (;;) {
    const bytes = broker.random.bytes(16);
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
    const id = bytes.toString('base64url');
    if (!id.startsWith('-')) return id as TopicId;
  }
};

/** Creates a topic that a client asked about, with the broker's defaults. Resolves once it can be produced to. */
export const createTopicAutomatically = async (broker: Broker, name: string): Promise<AutomaticCreation> => {
  const outcome = await broker.controller.submit({
    kind: 'create-topics',
    topics: [{ name, numPartitions: -1, replicationFactor: -1, assignments: [], configs: [] }],
    validateOnly: false,
    topicIds: new Map([[name, drawTopicId(broker)]]),
  });
  if (outcome.kind === 'refused') return { kind: 'failed', errorCode: outcome.errorCode };
  if (outcome.kind !== 'done') return { kind: 'failed', errorCode: ErrorCode.LEADER_NOT_AVAILABLE };
  const errorCode = outcome.response.topics[0]?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR;
  const topic = broker.topicByName(name);
  // Somebody else may have created it meanwhile; that is as good.
  if (topic !== undefined && (errorCode === ErrorCode.NONE || errorCode === ErrorCode.TOPIC_ALREADY_EXISTS)) {
    return { kind: 'created', topic };
  }
  const isTransient = errorCode === ErrorCode.NONE || errorCode === ErrorCode.TOPIC_ALREADY_EXISTS;
  return { kind: 'failed', errorCode: isTransient ? ErrorCode.LEADER_NOT_AVAILABLE : errorCode };
};
