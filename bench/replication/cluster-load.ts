import { isForKload, kloadFor } from '../load/kload';
import type { Load } from '../load/load';
import type { Led } from '../load/open-loop';
import { latencyFor, spreadFor } from '../load/open-loop';
import type { Outcome } from '../load/outcome';
import { produceFor } from '../load/produce';
import { median } from '../statistics';

/** Several loads at once as one: the median of their medians, and the worst of their tails. */
export const together = (outcomes: readonly Outcome[]): Outcome => ({
  records: outcomes.reduce((sum, { records }) => sum + records, 0),
  bytes: outcomes.reduce((sum, { bytes }) => sum + bytes, 0),
  requests: outcomes.reduce((sum, { requests }) => sum + requests, 0),
  seconds: Math.max(...outcomes.map(({ seconds }) => seconds)),
  p50Ms: median(outcomes.map(({ p50Ms }) => p50Ms)),
  p99Ms: Math.max(...outcomes.map(({ p99Ms }) => p99Ms)),
});

export interface ClusterTarget {
  readonly topic: string;
  readonly led: readonly Led[];
  readonly generator: 'own' | 'kload';
}

/** Puts the load on the leaders of a topic. */
export const loadCluster = async (
  { topic, led, generator }: ClusterTarget,
  load: Load,
  seconds: number,
): Promise<Outcome> => {
  const [first] = led;
  if (first === undefined) throw new Error(`nobody leads ${topic}`);
  if (generator === 'kload' && isForKload(load)) return kloadFor(first.port, topic, load, seconds);
  switch (load.kind) {
    case 'produce':
      return together(
        await Promise.all(
          led.flatMap(({ port, partitions }) =>
            partitions.map((partition) => produceFor(port, topic, load, seconds, partition)),
          ),
        ),
      );
    case 'latency':
      return latencyFor(first.port, topic, load, seconds);
    case 'spread':
      return spreadFor(led, topic, load, seconds);
    case 'fetch':
      throw new Error('clusters are not read from');
  }
};
