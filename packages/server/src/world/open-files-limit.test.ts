import { openFilesLimit, parseOpenFilesLimit } from './open-files-limit';

test('the limit of this process is told where there is a /proc', async () => {
  const limit = await openFilesLimit();
  if (process.platform === 'linux') expect(limit).toBeGreaterThan(0);
  else expect(limit).toBeUndefined();
});

test.each([
  ['Max open files            256                  4096                 files     \n', 256],
  [
    'Max cpu time  1 2 seconds\nMax open files            unlimited            unlimited            files\n',
    undefined,
  ],
  ['', undefined],
])('%j has the soft limit %s', (text, limit) => {
  expect(parseOpenFilesLimit(text)).toBe(limit);
});
