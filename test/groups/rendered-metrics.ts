import type { MetricsRegistry } from '@kafkaesque/telemetry';

/** Values of a scrape, by name and labels as they are written. */
export const rendered = async (registry: MetricsRegistry): Promise<ReadonlyMap<string, number>> => {
  const values = new Map<string, number>();
  for (const line of (await registry.collect()).text.split('\n')) {
    const at = line.lastIndexOf(' ');
    if (line !== '' && !line.startsWith('#')) values.set(line.slice(0, at), Number(line.slice(at + 1)));
  }
  return values;
};
