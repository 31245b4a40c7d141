import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { configurationReference } from './reference';
import { NODE_KEYS, TOPIC_KEYS } from './table';

test('docs/configuration.md is what the table of keys says now (`npm run docs` makes it anew)', async () => {
  const file = join(__dirname, '../../../../docs/configuration.md');
  expect(await readFile(file, 'utf8')).toBe(configurationReference());
});

test('every key that is shown has a line of its own', () => {
  const lines = configurationReference().split('\n');
  for (const [name, key] of [...NODE_KEYS, ...TOPIC_KEYS]) {
    const own = lines.filter(
      (line) => line.startsWith(`| \`${name}\` |`) || line.startsWith(`| *\`${name}\`* |`),
    );
    const shared = NODE_KEYS.has(name) && TOPIC_KEYS.has(name) ? 2 : 1;
    expect({ name, lines: own.length }).toEqual({ name, lines: key.isInternal ? 0 : shared });
  }
});
