import type { Client } from '@kafkaesque/client';

/** So many values as consumers, perhaps of a rack, may read of a partition from its beginning on, in order; waits for them. */
export const valuesOf = async (
  client: Client,
  topic: string,
  partition: number,
  count: number,
  options: { readonly rackId?: string } = {},
): Promise<readonly string[]> => {
  await using consumer = client.consumer({ autoOffsetReset: 'earliest', ...options });
  consumer.assign([{ topic, partition }]);
  const values: string[] = [];
  for await (const record of consumer) {
    values.push(record.value?.toString() ?? '');
    if (values.length === count) break;
  }
  return values;
};
