import { openClient } from '@kafkaesque/client';
import type { ProducingClient } from './producing-clients';
import type { ReadingClient } from './reading-clients';
import { fromTheBeginning } from './rows';

const name = '@kafkaesque/client';

/** This project's own client, which the foreign readers judge like any other. */
export const ownProducer: ProducingClient = {
  name,
  codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
  canSay: () => true,
  carried: (rows) => rows,
  async produce(bootstrap, topic, rows, { codec = 'none', acks = 'all', idempotent = false } = {}) {
    const client = openClient({ bootstrapServers: bootstrap });
    try {
      const producer = client.producer({
        compression: codec,
        acks: ({ '0': 0, '1': 1, all: -1 } as const)[acks],
        idempotence: idempotent,
        // Without sequences a retry could overtake what was sent after it.
        maxInFlight: idempotent ? 5 : 1,
        lingerMs: 20,
        batchSizeBytes: 256 * 1024,
      });
      const places = await Promise.all(
        rows.map(({ partition, key, value, timestampMs, headers }) =>
          producer.send({
            ...{ topic, partition, key, value, timestampMs: timestampMs ?? undefined },
            headers: headers.map(([header, content]) => ({ key: header, value: content })),
          }),
        ),
      );
      return places.map(({ partition, offset }) => (offset < 0 ? null : { partition, offset }));
    } finally {
      await client.close();
    }
  },
};

export const ownReader: ReadingClient = {
  name,
  async read(bootstrap, topic, starts = fromTheBeginning) {
    const client = openClient({ bootstrapServers: bootstrap });
    try {
      const consumer = client.consumer({ autoOffsetReset: 'none' });
      const partitions = [...starts.keys()].map((partition) => ({ topic, partition }));
      const ends = await consumer.endOffsets(partitions);
      consumer.assign(partitions);
      const begins = await consumer.beginningOffsets(partitions);
      const unread = new Set<number>();
      for (const [at, { partition, value: end }] of ends.entries()) {
        const start = starts.get(partition) ?? begins[at]?.value ?? 0;
        consumer.seek({ topic, partition }, start);
        if (start < end) unread.add(partition);
      }
      const lastOf = new Map(ends.map(({ partition, value }) => [partition, value - 1]));
      const rows = [];
      while (unread.size > 0) {
        for (const record of await consumer.poll()) {
          rows.push({
            ...record,
            timestampType: record.timestampType === 'CreateTime' ? 'create' : 'append',
            headers: record.headers.map(({ key, value }) => [key, value] as const),
          });
          if (record.offset === lastOf.get(record.partition)) unread.delete(record.partition);
        }
      }
      return rows;
    } finally {
      await client.close();
    }
  },
};
