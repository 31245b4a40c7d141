import { producerSettings } from './producer-settings';

describe('producer settings', () => {
  test("are Kafka's when nothing is said", () => {
    expect(producerSettings({})).toMatchObject({
      acks: -1,
      isIdempotent: true,
      lingerMs: 5,
      batchSizeBytes: 16_384,
      maxInFlight: 5,
      bufferBytes: 33_554_432,
      maxRequestSizeBytes: 1_048_576,
      deliveryTimeoutMs: 120_000,
      requestTimeoutMs: 30_000,
      maxBlockMs: 60_000,
      retries: 2_147_483_647,
      codec: 'none',
    });
  });

  test.each([
    { options: { acks: 1 as const }, idempotent: false },
    { options: { retries: 0 }, idempotent: false },
    { options: { maxInFlight: 6 }, idempotent: false },
    { options: { idempotence: false }, idempotent: false },
    { options: { maxInFlight: 1 }, idempotent: true },
  ])('idempotence with $options is $idempotent', ({ options, idempotent }) => {
    expect(producerSettings(options).isIdempotent).toBe(idempotent);
  });

  test.each([
    { options: { idempotence: true, acks: 1 as const }, message: /acks to all/ },
    { options: { idempotence: true, retries: 0 }, message: /retries to non-zero/ },
    { options: { idempotence: true, maxInFlight: 6 }, message: /at most 5/ },
    { options: { deliveryTimeoutMs: 10 }, message: /delivery.timeout.ms should be/ },
  ])('$options contradict each other', ({ options, message }) => {
    expect(() => producerSettings(options)).toThrow(message);
  });
});
