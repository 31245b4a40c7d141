import { ClientError } from '@kafkaesque/client';
import { sendError, sendSuccess, toolData } from './producer-events';

const record = { key: null, value: '7', topic: 't' };

describe('the events of a verifiable producer', () => {
  test('name what was acknowledged, and where it lies', () => {
    expect(sendSuccess(1, record, { topic: 't', partition: 2, offset: 3, timestampMs: 4 })).toBe(
      '{"timestamp":1,"name":"producer_send_success","key":null,"value":"7","offset":3,"topic":"t","partition":2}\n',
    );
  });

  test.each([
    [new ClientError('broker', 'NOT_LEADER_OR_FOLLOWER', 'no'), 'errors.NotLeaderOrFollowerException'],
    [new ClientError('broker', 'MESSAGE_TOO_LARGE', 'no'), 'errors.RecordTooLargeException'],
    [new ClientError('timeout', 'TIMEOUT', 'no'), 'errors.TimeoutException'],
    [new Error('no'), 'KafkaException'],
  ])('name what failed as Java does: %s', (error, exception) => {
    expect(JSON.parse(sendError(1, record, error))).toEqual({
      ...{ timestamp: 1, name: 'producer_send_error', ...record, message: 'no' },
      exception: `class org.apache.kafka.common.${exception}`,
    });
  });

  test('sum up with the numbers that Java writes', () => {
    const sums = { sent: 5, acked: 4, targetThroughput: -1, averageThroughput: 1000 };
    expect(toolData(9, sums)).toBe(
      '{"timestamp":9,"name":"tool_data","sent":5,"acked":4,"target_throughput":-1,"avg_throughput":1000.0}\n',
    );
    expect(toolData(9, { ...sums, averageThroughput: NaN })).toContain('"avg_throughput":"NaN"}');
  });
});
