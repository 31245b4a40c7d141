import { ErrorCode, errorName, errorOf, errors } from './errors';

describe('the error table', () => {
  test('holds every code of Kafka 4.3, once', () => {
    const codes = Object.values(errors).map((error) => error.code);
    expect(codes).toEqual(Array.from({ length: 135 }, (_, index) => index - 1));
  });

  test('finds a row by name and by code', () => {
    expect(ErrorCode.NOT_LEADER_OR_FOLLOWER).toBe(6);
    expect(errorName(6)).toBe('NOT_LEADER_OR_FOLLOWER');
    expect(errorOf(6)).toMatchObject({ code: 6, retriable: true, effect: 'indefinite' });
  });

  test('takes a code that it does not know for the unknown error, as clients do', () => {
    expect(errorName(9_999)).toBe('UNKNOWN_SERVER_ERROR');
    expect(errorOf(-7).code).toBe(-1);
  });

  test('calls indefinite what may have had its effect', () => {
    const indefinite = [
      'REQUEST_TIMED_OUT',
      'NETWORK_EXCEPTION',
      'NOT_LEADER_OR_FOLLOWER',
      'UNKNOWN_SERVER_ERROR',
      'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
      'PRODUCER_FENCED',
    ] as const;
    for (const name of indefinite) expect([name, errors[name].effect]).toEqual([name, 'indefinite']);
    for (const name of [
      'NOT_ENOUGH_REPLICAS',
      'CORRUPT_MESSAGE',
      'UNKNOWN_TOPIC_OR_PARTITION',
      'OUT_OF_ORDER_SEQUENCE_NUMBER',
    ] as const)
      expect([name, errors[name].effect]).toEqual([name, 'definite']);
  });

  test('says every error in a sentence of its own', () => {
    const sentences = Object.values(errors).map((error) => error.message);
    expect(new Set(sentences).size).toBe(sentences.length);
    for (const sentence of sentences) expect(sentence).toMatch(/^[A-Z].*\.$/);
  });
});
