import type { ClientError } from '@kafkaesque/client';
import { messageOf } from '@kafkaesque/kernel';
import { protocol, sdk } from './loaded-on-demand';

const PACKAGE = 'org.apache.kafka.common';

/** Where Java's name is not that of the error. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  MESSAGE_TOO_LARGE: 'RecordTooLarge',
  REQUEST_TIMED_OUT: 'Timeout',
  CORRUPT_MESSAGE: 'CorruptRecord',
  INVALID_TOPIC_EXCEPTION: 'InvalidTopic',
  KAFKA_STORAGE_ERROR: 'KafkaStorage',
  NON_EMPTY_GROUP: 'GroupNotEmpty',
};

/** The class that Java's client throws for an error, with its package. */
export const javaClassOf = (error: unknown): string => {
  const known = sdk().isClientError(error) ? error : undefined;
  if (known?.kind === 'timeout') return `${PACKAGE}.errors.TimeoutException`;
  if (known?.kind === 'unsupported') return `${PACKAGE}.errors.UnsupportedVersionException`;
  if (known?.kind !== 'broker') return `${PACKAGE}.KafkaException`;
  const { code } = known;
  const camel = code.toLowerCase().replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
  return `${PACKAGE}.errors.${EXCEPTIONS[code] ?? camel}Exception`;
};

/** What Kafka's tools say where a broker answers with a bare number. */
const SENTENCES: Readonly<Record<string, string>> = {
  UNKNOWN_TOPIC_OR_PARTITION: 'This server does not host this topic-partition.',
  INVALID_TOPIC_EXCEPTION: 'The request attempted to perform an operation on an invalid topic.',
  UNKNOWN_SERVER_ERROR: 'The server experienced an unexpected error when processing the request.',
  COORDINATOR_LOAD_IN_PROGRESS: "The coordinator is loading and hence can't process requests.",
  COORDINATOR_NOT_AVAILABLE: 'The coordinator is not available.',
  NOT_COORDINATOR: 'This is not the correct coordinator.',
  INVALID_GROUP_ID: 'The group id is invalid.',
  UNKNOWN_MEMBER_ID: 'The coordinator is not aware of this member.',
  TOPIC_AUTHORIZATION_FAILED: 'Topic authorization failed.',
  GROUP_AUTHORIZATION_FAILED: 'Group authorization failed.',
  NON_EMPTY_GROUP: 'The group is not empty.',
  GROUP_ID_NOT_FOUND: 'The group id does not exist.',
  GROUP_SUBSCRIBED_TO_TOPIC:
    'Deleting offsets of a topic is forbidden while the consumer group is actively subscribed to it.',
};

/** The error's sentence: the broker's own where it sent one, otherwise the one of Kafka's clients. */
export const javaMessageOf = (error: unknown): string => {
  if (!sdk().isClientError(error, 'broker') || error.errorCode === undefined) return messageOf(error);
  const isOurs = error.message === protocol().errorOf(error.errorCode).message;
  return (isOurs ? SENTENCES[error.code] : undefined) ?? error.message;
};

/** What Java prints of an exception: its class and its message. */
export const javaTextOf = (error: unknown): string => `${javaClassOf(error)}: ${javaMessageOf(error)}`;

/** Kafka's sentence of an error, whoever tells it. */
export const javaSentenceOf = (error: ClientError): string => SENTENCES[error.code] ?? error.message;
