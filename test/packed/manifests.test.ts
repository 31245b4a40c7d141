import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const packages = join(__dirname, '../../packages');
const names = readdirSync(packages);

test.each(names)('the manifest of %s says what npm shows and what users need', (name) => {
  const manifest = JSON.parse(readFileSync(join(packages, name, 'package.json'), 'utf8')) as unknown;
  const said: unknown = expect.stringMatching(/\S/);
  expect(manifest).toMatchObject({
    name: `@kafkaesque/${name}`,
    version: expect.stringMatching(/^\d+\.\d+\.\d+$/) as unknown,
    description: expect.stringMatching(/\.$/) as unknown,
    keywords: expect.arrayContaining(['kafka', 'streaming']) as unknown,
    license: 'Apache-2.0',
    author: said,
    engines: { node: '>=20.19' },
    main: said,
    types: said,
    exports: expect.objectContaining({ '.': { source: said, types: said, default: said } }) as unknown,
    files: expect.arrayContaining(['dist', 'NOTICE']) as unknown,
    publishConfig: { access: 'public' },
  });
});
