import { existsSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { MetricsRegistry } from './metrics';
import { watchProcess } from './process';

/** Values of a scrape, by name and labels as they are written. */
const scraped = async (metrics: MetricsRegistry): Promise<ReadonlyMap<string, number>> => {
  const { text } = await metrics.collect();
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
};

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

test('memory and collections have the names that a JVM’s have', async () => {
  const metrics = new MetricsRegistry();
  using watched = watchProcess(metrics);
  expect(watched).toBeDefined();
  collect();
  const count = 'jvm_gc_collection_seconds_count{gc="major"}';
  let values = await scraped(metrics);
  // Node tells of a collection a turn later.
  while (!values.has(count)) {
    await new Promise((resolve) => setImmediate(resolve));
    values = await scraped(metrics);
  }
  expect(values.get(count)).toBeGreaterThanOrEqual(1);
  expect(values.get('jvm_gc_collection_seconds_sum{gc="major"}')).toBeGreaterThan(0);
  const used = values.get('jvm_memory_used_bytes{area="heap"}') ?? NaN;
  expect(used).toBeGreaterThan(1 << 20);
  expect(values.get('jvm_memory_max_bytes{area="heap"}')).toBeGreaterThan(used);
  expect(values.get('jvm_memory_used_bytes{area="nonheap"}')).toBeGreaterThan(0);
});

const onLinux = existsSync('/proc/self/io') ? test : test.failing;
onLinux('threads and bytes of the disk are what Linux says', async () => {
  const metrics = new MetricsRegistry();
  using watched = watchProcess(metrics);
  expect(watched).toBeDefined();
  const values = await scraped(metrics);
  expect(values.get('jvm_threads_current')).toBeGreaterThan(1);
  for (const way of ['read', 'write'])
    expect(values.get(`kafka_server_kafkaserver_linux_disk_${way}_bytes`)).toBeGreaterThanOrEqual(0);
});
