import { ErrorCode } from '@kafkaesque/protocol';
import { ClientError } from '../errors';

/** What ends a membership, and what its owner can do about it. */
const ADVICE: ReadonlyMap<number, string> = new Map([
  [ErrorCode.GROUP_AUTHORIZATION_FAILED, 'its principal needs READ on the group'],
  [ErrorCode.TOPIC_AUTHORIZATION_FAILED, 'its principal needs READ and DESCRIBE on every subscribed topic'],
  [
    ErrorCode.GROUP_MAX_SIZE_REACHED,
    'start fewer members, or raise group.max.size of the brokers, or group.consumer.max.size under the consumer protocol',
  ],
  [
    ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
    'its members have no assignor in common: give all of them the same partitionAssignmentStrategy',
  ],
  [
    ErrorCode.INVALID_SESSION_TIMEOUT,
    'choose sessionTimeoutMs between group.min.session.timeout.ms and group.max.session.timeout.ms of the brokers',
  ],
  [
    ErrorCode.FENCED_INSTANCE_ID,
    'give each member a groupInstanceId of its own; this one can only be closed',
  ],
  [
    ErrorCode.UNRELEASED_INSTANCE_ID,
    'another member has this groupInstanceId: close it first, or wait until its session is over',
  ],
  [
    ErrorCode.UNSUPPORTED_ASSIGNOR,
    'set groupRemoteAssignor to one of group.consumer.assignors of the brokers, or leave it out',
  ],
  [
    ErrorCode.INVALID_REGULAR_EXPRESSION,
    'the broker takes the syntax of RE2: no look-around and no references back',
  ],
]);

const USE_CLASSIC =
  'these brokers do not speak the consumer protocol, or its feature group.version is off: set groupProtocol to classic';

const adviceFor = (error: ClientError): string | undefined => {
  if (error.errorCode !== undefined && error.errorCode !== ErrorCode.UNSUPPORTED_VERSION) {
    return ADVICE.get(error.errorCode);
  }
  return error.code === 'UNSUPPORTED_VERSION' ? USE_CLASSIC : undefined;
};

/** The same error, naming the group and what to do, where that is known. */
export const withAdvice = (error: ClientError, groupId: string): ClientError => {
  const advice = adviceFor(error);
  if (advice === undefined) return error;
  const { kind, code, effect, retriable, errorCode } = error;
  const said = error.message.replace(/\.$/, '');
  return new ClientError(kind, code, `group ${groupId}: ${said}: ${advice}`, {
    effect,
    retriable,
    cause: error,
    ...(errorCode === undefined ? {} : { errorCode }),
  });
};
