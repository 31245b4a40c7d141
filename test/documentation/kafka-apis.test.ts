import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KafkaWire } from '@kafkaesque/client';
import { apis } from '@kafkaesque/protocol';
import type { ApiName } from '@kafkaesque/protocol';
import { createCluster } from '@kafkaesque/testkit';

const path = join(__dirname, '../../docs/for-kafka-users.md');
const marked = /(<!-- apis -->\n)([\s\S]*?)(<!-- \/apis -->)/;

/** What a running node announces, as the page shows it. */
const announced = async (): Promise<string> => {
  await using cluster = await createCluster();
  await using wire = new KafkaWire({ bootstrapServers: cluster.bootstrapServers });
  const node = wire.bootstrapNodes[0]?.id;
  if (node === undefined) throw new Error('there is no node');
  const { apis: ranges } = await wire.capabilities(node);
  const rows = (Object.keys(apis) as ApiName[])
    .flatMap((name) => {
      const range = ranges.get(apis[name].key);
      return range === undefined ? [] : [{ name, key: apis[name].key, ...range }];
    })
    .toSorted((one, other) => one.key - other.key);
  expect(rows).toHaveLength(ranges.size);
  const table = rows.map(
    ({ name, key, min, max }) => `| ${name} (${key}) | ${min === max ? min : `${min} to ${max}`} |`,
  );
  return ['| API | versions |', '|---|---|', ...table, ''].join('\n');
};

test('the page for Kafka users lists the APIs that a node announces (UPDATE_DOCS=1 rewrites the list)', async () => {
  const page = readFileSync(path, 'utf8');
  const expected = await announced();
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(path, page.replace(marked, `$1${expected}$3`));
  else expect(marked.exec(page)?.[2]).toBe(expected);
});
