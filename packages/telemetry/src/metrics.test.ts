import { watchEventLoop } from './event-loop';
import { MetricsRegistry } from './metrics';

/** Our own lines of a scrape. */
const rendered = async (registry: MetricsRegistry): Promise<string> => {
  const { text } = await registry.collect();
  return text.slice(0, text.indexOf('# HELP process_'));
};

test('counters and gauges are written as Prometheus text', async () => {
  const registry = new MetricsRegistry();
  registry.counter('requests_total', 'Requests.', { api: 'Produce' }).add(2);
  registry.counter('requests_total', 'Requests.', { api: 'Fetch' }).add(1);
  registry.gauge('partitions', 'Partitions\nhere.').set(7);
  expect(await rendered(registry)).toBe(
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

test('the same name and labels give the same instrument, in any order of the labels', async () => {
  const registry = new MetricsRegistry();
  registry.counter('c', '', { a: '1', b: '2' }).add(1);
  registry.counter('c', '', { b: '2', a: '1' }).add(1);
  expect(await rendered(registry)).toContain('c{a="1",b="2"} 2\n');
});

test('a label value cannot leave its quotes', async () => {
  const registry = new MetricsRegistry();
  registry.gauge('g', '', { client: 'a"} 1\nforged{b="\\' }).set(1);
  expect(await rendered(registry)).toContain('g{client="a\\"} 1\\nforged{b=\\"\\\\"} 1\n');
});

test('a histogram counts every value at or below each bound', async () => {
  const registry = new MetricsRegistry();
  const histogram = registry.histogram('d', 'D.', { disk: 'a' });
  for (const value of [0.05, 0.1, 1, 2, 1e12]) histogram.record(value);
  const text = await rendered(registry);
  expect(text).toContain('d_bucket{disk="a",le="0.1"} 2\n');
  expect(text).toContain('d_bucket{disk="a",le="1"} 3\n');
  expect(text).toContain('d_bucket{disk="a",le="2.5"} 4\n');
  expect(text).toContain('d_bucket{disk="a",le="5000000"} 4\n');
  expect(text).toContain('d_bucket{disk="a",le="+Inf"} 5\n');
  expect(text).toContain('d_count{disk="a"} 5\n');
  expect(text).toContain('d_sum{disk="a"} 1000000000003.15\n');
});

const quantilesOf = (text: string, name: string): readonly number[] =>
  [...text.matchAll(new RegExp(`^${name}\\{.*quantile="[\\d.]+"\\} (\\S+)$`, 'gm'))].map((match) =>
    Number(match[1]),
  );

test('a summary tells quantiles to three per cent, with count and sum', async () => {
  const registry = new MetricsRegistry();
  const summary = registry.summary('t', 'T.', { request: 'Fetch' });
  for (let value = 1; value <= 1000; value++) summary.record(value);
  const text = await rendered(registry);
  expect(text).toContain('# TYPE t summary\n');
  expect(text).toContain('t_count{request="Fetch"} 1000\n');
  expect(text).toContain('t_sum{request="Fetch"} 500500\n');
  const quantiles = quantilesOf(text, 't');
  const expected = [500, 750, 950, 980, 990, 999];
  expect(quantiles).toHaveLength(expected.length);
  quantiles.forEach((quantile, index) => {
    expect(Math.abs(quantile / (expected[index] ?? 0) - 1)).toBeLessThan(0.032);
  });
});

test.each([
  { value: 0, told: 0 },
  { value: -5, told: 0 },
  { value: 1e-9, told: 0 },
  { value: Infinity, told: 2 ** 40 },
  { value: 2 ** 60, told: 2 ** 40 },
])('a summary takes $value', async ({ value, told }) => {
  const registry = new MetricsRegistry();
  registry.summary('t', '').record(value);
  const [median] = quantilesOf(await rendered(registry), 't');
  expect(Math.abs((median ?? NaN) - told)).toBeLessThanOrEqual(told * 0.04);
});

test('a summary without values tells zeros', async () => {
  const registry = new MetricsRegistry();
  registry.summary('t', '', { request: 'Fetch' });
  expect(quantilesOf(await rendered(registry), 't')).toEqual([0, 0, 0, 0, 0, 0]);
});

test('quantiles forget what is older than two windows, the count does not', async () => {
  let nowMs = 0;
  const registry = new MetricsRegistry({ monotonicMs: () => nowMs });
  const summary = registry.summary('t', '');
  const median = async (): Promise<number> => quantilesOf(await rendered(registry), 't')[0] ?? NaN;
  summary.record(1000);
  nowMs += 200_000;
  expect(await median()).toBeGreaterThan(960);
  summary.record(1);
  nowMs += 200_000;
  expect(await median()).toBeLessThan(1.1);
  nowMs += 200_000;
  expect(await median()).toBe(0);
  expect(await rendered(registry)).toContain('t_count 2\n');
});

test('what is kept elsewhere is read at each scrape, by the reader that came last', async () => {
  const registry = new MetricsRegistry();
  registry.observe('gauge', 'size', 'S.', (tell) => tell(1, { of: 'gone' }));
  let size = 2;
  registry.observe('gauge', 'size', 'S.', (tell) => tell(size, { of: 'now' }));
  expect(await rendered(registry)).toContain('# TYPE size gauge\nsize{of="now"} 2\n');
  size = 3;
  expect(await rendered(registry)).toContain('size{of="now"} 3\n');
});

test('scrapes at the same time do not disturb each other', async () => {
  const registry = new MetricsRegistry();
  registry.observe('gauge', 'many', '', (tell) => {
    for (let i = 0; i < 3000; i++) tell(i, { i: String(i) });
  });
  registry.counter('c', '').add(1);
  const texts = await Promise.all([rendered(registry), rendered(registry), rendered(registry)]);
  for (const text of texts) expect(text.split('\n')).toHaveLength(3006);
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
  await new Promise((resolve) => setTimeout(resolve, 120));
  const until = performance.now() + 150;
  while (performance.now() < until);
  await new Promise((resolve) => setTimeout(resolve, 120));
  const worst = /kafkaesque_event_loop_delay_ms\{quantile="1"\} ([\d.]+)/.exec(await rendered(registry))?.[1];
  expect(Number(worst)).toBeGreaterThan(20);
  expect(watch).toBeDefined();
});
