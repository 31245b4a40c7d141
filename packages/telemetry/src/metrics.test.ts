import { watchEventLoop } from './event-loop';
import { MetricsRegistry } from './metrics';

test('counters and gauges are written as Prometheus text', () => {
  const registry = new MetricsRegistry();
  registry.counter('requests_total', 'Requests.', { api: 'Produce' }).add(2);
  registry.counter('requests_total', 'Requests.', { api: 'Fetch' }).add(1);
  registry.gauge('partitions', 'Partitions\nhere.').set(7);
  expect(registry.render()).toBe(
    [
      '# HELP requests_total Requests.',
      '# TYPE requests_total counter',
      'requests_total{api="Produce"} 2',
      'requests_total{api="Fetch"} 1',
      '# HELP partitions Partitions\\nhere.',
      '# TYPE partitions gauge',
      'partitions 7',
      '',
    ].join('\n'),
  );
});

test('the same name and labels give the same instrument, in any order of the labels', () => {
  const registry = new MetricsRegistry();
  registry.counter('c', '', { a: '1', b: '2' }).add(1);
  registry.counter('c', '', { b: '2', a: '1' }).add(1);
  expect(registry.render()).toContain('c{a="1",b="2"} 2\n');
});

test('a label value cannot leave its quotes', () => {
  const registry = new MetricsRegistry();
  registry.gauge('g', '', { client: 'a"} 1\nforged{b="\\' }).set(1);
  expect(registry.render()).toContain('g{client="a\\"} 1\\nforged{b=\\"\\\\"} 1\n');
});

test('a histogram counts every value at or below each bound', () => {
  const registry = new MetricsRegistry();
  const histogram = registry.histogram('d', 'D.', { disk: 'a' });
  for (const value of [0.05, 0.1, 1, 2, 1e12]) histogram.record(value);
  const text = registry.render();
  expect(text).toContain('d_bucket{disk="a",le="0.1"} 2\n');
  expect(text).toContain('d_bucket{disk="a",le="1"} 3\n');
  expect(text).toContain('d_bucket{disk="a",le="2.5"} 4\n');
  expect(text).toContain('d_bucket{disk="a",le="5000000"} 4\n');
  expect(text).toContain('d_bucket{disk="a",le="+Inf"} 5\n');
  expect(text).toContain('d_count{disk="a"} 5\n');
  expect(text).toContain('d_sum{disk="a"} 1000000000003.15\n');
});

test('a name is one kind of instrument and a legal one', () => {
  const registry = new MetricsRegistry();
  registry.counter('c', '');
  expect(() => registry.gauge('c', '')).toThrow('one kind');
  expect(() => registry.counter('c d', '')).toThrow('no name');
  expect(() => registry.counter('e', '', { 'a b': '' })).toThrow('no name');
});

test('a scrape also holds the metrics of the process, and values read at that moment', async () => {
  const registry = new MetricsRegistry();
  const gauge = registry.gauge('late', 'L.');
  registry.beforeCollect(() => gauge.set(42));
  const { contentType, text } = await registry.collect();
  expect(contentType).toMatch(/^text\/plain/);
  expect(text).toContain('late 42\n');
  expect(text).toContain('process_cpu_seconds_total');
});

test('the delay of the event loop is measured', async () => {
  const registry = new MetricsRegistry();
  using watch = watchEventLoop(registry);
  await new Promise((resolve) => setTimeout(resolve, 30));
  const until = performance.now() + 60;
  while (performance.now() < until);
  await new Promise((resolve) => setTimeout(resolve, 30));
  const worst = /kafkaesque_event_loop_delay_ms\{quantile="1"\} ([\d.]+)/.exec(registry.render())?.[1];
  expect(Number(worst)).toBeGreaterThan(20);
  expect(watch).toBeDefined();
});
