import { join } from 'node:path';
import { datasets, recordsOf } from '../../examples/datasets.cjs';
import { runToSuccess } from './program';
import type { ServerUnderTest } from './server-under-test';
import { openServer } from './server-under-test';

jest.setTimeout(60_000);

const program = join(__dirname, '../../examples/load.mjs');
let server: ServerUnderTest;
beforeAll(async () => {
  server = await openServer();
});
afterAll(() => server.close());

test.each(Object.keys(datasets))(
  'the example loads %s into a topic and reads every record back',
  async (name) => {
    const output = await runToSuccess(process.execPath, [
      program,
      name,
      '--bootstrap-server',
      server.bootstrap,
    ]);
    const { length } = recordsOf(name);
    expect(length).toBeGreaterThan(100);
    expect(output.toString()).toContain(
      `wrote ${length} records\nread ${length} back, all as they were written\n`,
    );
  },
);

test('the rows are as their files tell: films without a title, times of the past, a row number each', () => {
  const movies = recordsOf('movies');
  expect([movies.length, movies.filter(({ key }) => key === null).length]).toEqual([3201, 1]);
  expect(movies.every(({ timestampMs }) => timestampMs >= 0 && timestampMs < Date.UTC(2013, 0, 1))).toBe(
    true,
  );
  expect(movies.map(({ headers }) => headers[1]?.value)).toEqual(movies.map((_, index) => String(index)));
  expect(recordsOf('flights')).toHaveLength(20_000);
});
