import { Failure, InvariantError, silentLogger } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import { errorOfRead } from './read-failures';
import type { Replica } from './replica';

const replica = { topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', topic: 'orders', partition: 0 } as unknown as Replica;

/** What a failed read is told as, while the broker holds `held`. */
const told = (
  error: unknown,
  held: Replica | undefined = replica,
  damaged: (replica: Replica) => boolean = () => false,
): number =>
  errorOfRead(
    {
      replicas: { find: () => held, damaged } as never,
      missingReplicaError: () => ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
      logger: silentLogger,
    },
    replica,
    error,
  );

describe('a log that could not be read', () => {
  test.each([
    { code: 'OFFSET_OUT_OF_RANGE', expected: ErrorCode.OFFSET_OUT_OF_RANGE },
    { code: 'LOG_CORRUPT', expected: ErrorCode.CORRUPT_MESSAGE },
    { code: 'EIO', expected: ErrorCode.KAFKA_STORAGE_ERROR },
  ])('because of $code is told as error $expected', ({ code, expected }) => {
    expect(told(new Failure(code, 'why'))).toBe(expected);
  });

  test('because it is damaged is not for its leader to give any more', () => {
    const damaged: Replica[] = [];
    const error = told(new Failure('LOG_CORRUPT', 'why'), replica, (one) => damaged.push(one) > 0);
    expect(damaged).toEqual([replica]);
    // Clients are to ask again: whoever leads then has it.
    expect(error).toBe(ErrorCode.KAFKA_STORAGE_ERROR);
  });

  test('because its topic was deleted meanwhile is told as such', () => {
    const another = { ...replica };
    expect(told(new Failure('ENOENT', 'why'), another)).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  });

  test('because of a mistake is nobody’s error', () => {
    expect(() => told(new InvariantError('two and two are five'))).toThrow('two and two are five');
  });
});
