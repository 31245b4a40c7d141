import { readFileSync, readdirSync } from 'node:fs';
import { PerformanceObserver, constants } from 'node:perf_hooks';
import type { PerformanceEntry } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { MetricsRegistry } from './metrics';

const MS_PER_SECOND = 1000;

/** An entry of type `gc`. */
interface Collection extends PerformanceEntry {
  readonly detail?: { readonly kind?: number };
}

/** What a collection is called; a JVM's dashboards show one line for each name. */
const COLLECTIONS: ReadonlyMap<number | undefined, string> = new Map([
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weak callbacks'],
]);

/**
 * Tells what dashboards ask of a Kafka process (memory, collections, threads, bytes of the disk), under the names that
 * they know from a JVM, until disposed. What only Linux tells is absent elsewhere.
 */
export const watchProcess = (metrics: MetricsRegistry): Disposable => {
  watchMemory(metrics);
  watchSystem(metrics);
  return watchCollections(metrics);
};

const watchMemory = (metrics: MetricsRegistry): void => {
  const used =
    'Bytes of JavaScript objects (heap), and of buffers beside them (nonheap), under a JVM’s name.';
  for (const name of ['jvm_memory_used_bytes', 'jvm_memory_bytes_used'])
    metrics.observe('gauge', name, used, (tell) => {
      const { heapUsed, external } = process.memoryUsage();
      tell(heapUsed, { area: 'heap' });
      tell(external, { area: 'nonheap' });
    });
  for (const name of ['jvm_memory_max_bytes', 'jvm_memory_bytes_max'])
    metrics.observe('gauge', name, 'Bytes that the JavaScript heap may have, under a JVM’s name.', (tell) => {
      tell(getHeapStatistics().heap_size_limit, { area: 'heap' });
    });
};

const watchSystem = (metrics: MetricsRegistry): void => {
  metrics.observe('gauge', 'jvm_threads_current', 'Threads of the process, under a JVM’s name.', (tell) => {
    const threads = fromSystem(() => readdirSync('/proc/self/task').length);
    if (threads !== undefined) tell(threads);
  });
  const disk = (name: string, help: string, line: RegExp): void => {
    metrics.observe('gauge', `kafka_server_kafkaserver_linux_disk_${name}_bytes`, help, (tell) => {
      const bytes = fromSystem(() => line.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
      if (bytes !== undefined) tell(Number(bytes));
    });
  };
  disk('read', 'Bytes that the process had read from disks, as Linux counts them.', /^read_bytes: (\d+)$/m);
  disk(
    'write',
    'Bytes that the process had written to disks, as Linux counts them.',
    /^write_bytes: (\d+)$/m,
  );
};

/** Undefined where the system has no such file, or shows it to nobody. */
const fromSystem = <Value>(read: () => Value): Value | undefined => {
  try {
    return read();
  } catch {
    return undefined;
  }
};

const watchCollections = (metrics: MetricsRegistry): Disposable => {
  const collections = new Map<string, { count: number; durationMs: number }>();
  const add = (entries: readonly PerformanceEntry[]): void => {
    for (const { detail, duration } of entries as readonly Collection[]) {
      const name = COLLECTIONS.get(detail?.kind);
      if (name === undefined) continue;
      const known = collections.get(name) ?? { count: 0, durationMs: 0 };
      known.count += 1;
      known.durationMs += duration;
      collections.set(name, known);
    }
  };
  const observer = new PerformanceObserver((list) => add(list.getEntries()));
  observer.observe({ entryTypes: ['gc'] });
  const tellEach = (
    name: string,
    help: string,
    value: (one: { count: number; durationMs: number }) => number,
  ): void => {
    metrics.observe('counter', `jvm_gc_collection_seconds_${name}`, help, (tell) => {
      add(observer.takeRecords());
      for (const [gc, one] of collections) tell(value(one), { gc });
    });
  };
  tellEach('count', 'Garbage collections, under a JVM’s name.', ({ count }) => count);
  tellEach(
    'sum',
    'Seconds spent collecting garbage, under a JVM’s name.',
    ({ durationMs }) => durationMs / MS_PER_SECOND,
  );
  return {
    [Symbol.dispose]: () => {
      observer.disconnect();
    },
  };
};
