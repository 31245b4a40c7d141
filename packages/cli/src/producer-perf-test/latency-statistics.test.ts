import { LatencyStatistics } from './latency-statistics';

describe('the statistics of a producer test', () => {
  test('sum up in the line that scripts parse', () => {
    const stats = new LatencyStatistics({ expected: 1000, reportingIntervalMs: 5000, startMs: 0 });
    for (let latencyMs = 0; latencyMs < 1000; latencyMs += 1) stats.record(latencyMs, 1024, latencyMs);
    expect(stats.total(2000)).toBe(
      '1000 records sent, 500.000000 records/sec (0.49 MB/sec), 499.50 ms avg latency, 999.00 ms max latency, ' +
        '500 ms 50th, 950 ms 95th, 990 ms 99th, 999 ms 99.9th.\n',
    );
  });

  test('tell of each window what was in it', () => {
    const stats = new LatencyStatistics({ expected: 4, reportingIntervalMs: 1000, startMs: 0 });
    expect(stats.record(10, 1_048_576, 500)).toBe('');
    expect(stats.record(30, 1_048_576, 1000)).toBe(
      '2 records sent, 2.0 records/sec (2.00 MB/sec), 20.0 ms avg latency, 30.0 ms max latency.\n',
    );
    expect(stats.record(5, 1_048_576, 1999)).toBe('');
    expect(stats.record(7, 0, 2000)).toBe(
      '2 records sent, 2.0 records/sec (1.00 MB/sec), 6.0 ms avg latency, 7.0 ms max latency.\n',
    );
  });

  test('of the steady state say so, and the others fall silent', () => {
    const options = { expected: 2, reportingIntervalMs: 10, startMs: 0 };
    const all = new LatencyStatistics(options);
    all.silence();
    expect(all.record(1, 1, 20)).toBe('');
    const steady = new LatencyStatistics({ ...options, isSteadyState: true });
    expect(steady.record(1, 1, 20)).toMatch(/^In steady state\.\n1 records sent, /);
    expect(steady.record(1, 1, 40)).toMatch(/^1 records sent, /);
    expect(steady.total(40)).toMatch(/^2 steady state records sent, /);
  });

  test('stay small however many records there are', () => {
    const stats = new LatencyStatistics({ expected: 2_000_000, reportingIntervalMs: Infinity, startMs: 0 });
    for (let index = 0; index < 2_000_000; index += 1) stats.record(index % 4 === 0 ? 8 : 1, 1, 1);
    expect(stats.summary(1).percentilesMs).toEqual([8, 8, 8, 8]);
    expect(stats.summary(1).averageMs).toBe(2.75);
  });
});
