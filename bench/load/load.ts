import { fetchFor } from './fetch';
import type { LatencyLoad, SpreadLoad } from './open-loop';
import { latencyFor, spreadFor } from './open-loop';
import type { Outcome } from './outcome';
import type { ProduceLoad } from './produce';
import { allPartitions, produceFor } from './produce';

/** Reads in answers of 1 MiB what `fill` produced before. */
export interface FetchLoad {
  readonly kind: 'fetch';
  readonly fill: ProduceLoad;
}

export type Load = ProduceLoad | FetchLoad | LatencyLoad | SpreadLoad;

/** Puts the load on the server at 127.0.0.1 for so many seconds, with our own generator. */
export const loadFor = (port: number, topic: string, load: Load, seconds: number): Promise<Outcome> => {
  switch (load.kind) {
    case 'produce':
      return produceFor(port, topic, load, seconds);
    case 'fetch':
      return fetchFor(port, topic, seconds);
    case 'latency':
      return latencyFor(port, topic, load, seconds);
    case 'spread':
      return spreadFor([{ port, partitions: allPartitions(load.partitions) }], topic, load, seconds);
  }
};
