import { ErrorCode } from '@kafkaesque/protocol';
import { brokerError } from '../broker-error';
import { ClientError } from '../errors';
import { withAdvice } from './refusal-advice';

describe('what ends a membership', () => {
  test.each([
    ['GROUP_AUTHORIZATION_FAILED', /READ on the group/],
    ['TOPIC_AUTHORIZATION_FAILED', /READ and DESCRIBE/],
    ['GROUP_MAX_SIZE_REACHED', /group\.max\.size/],
    ['INCONSISTENT_GROUP_PROTOCOL', /partitionAssignmentStrategy/],
    ['INVALID_SESSION_TIMEOUT', /sessionTimeoutMs/],
    ['FENCED_INSTANCE_ID', /groupInstanceId/],
    ['UNRELEASED_INSTANCE_ID', /groupInstanceId/],
    ['UNSUPPORTED_ASSIGNOR', /groupRemoteAssignor/],
    ['INVALID_REGULAR_EXPRESSION', /RE2/],
    ['UNSUPPORTED_VERSION', /groupProtocol to classic/],
  ] as const)('%s says what to do, and stays what it is', (code, advice) => {
    const errorCode = ErrorCode[code];
    const refusal = brokerError(errorCode, 'It was refused.');
    const told = withAdvice(refusal, 'orders');
    expect(told).toMatchObject({ kind: 'broker', code, errorCode, retriable: false, cause: refusal });
    expect(told.message).toMatch(/^group orders: It was refused: /);
    expect(told.message).toMatch(advice);
  });

  test('a broker that has never heard of the consumer protocol is named with the way out', () => {
    const message = 'The broker at a:1 does not support ConsumerGroupHeartbeat';
    const told = withAdvice(new ClientError('unsupported', 'UNSUPPORTED_VERSION', message), 'orders');
    expect(told).toMatchObject({ kind: 'unsupported', errorCode: undefined });
    expect(told.message).toMatch(/ConsumerGroupHeartbeat: .*groupProtocol to classic/);
  });

  test('what nobody can advise on is told as it came', () => {
    const refusal = brokerError(ErrorCode.INVALID_REQUEST);
    expect(withAdvice(refusal, 'orders')).toBe(refusal);
  });
});
