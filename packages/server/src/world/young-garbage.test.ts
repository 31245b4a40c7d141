import { youngGarbageCollector } from './young-garbage';

test('gives back memory outside the heap that nothing refers to any more', async () => {
  const collect = youngGarbageCollector();
  collect();
  const before = process.memoryUsage().arrayBuffers;
  for (let count = 0; count < 16; count++) new ArrayBuffer(65_536);
  expect(process.memoryUsage().arrayBuffers).toBeGreaterThanOrEqual(before + (1 << 20));
  collect();
  // The collection itself frees nothing: another thread does, soon after.
  while (process.memoryUsage().arrayBuffers >= before + (1 << 20))
    await new Promise((resolve) => setImmediate(resolve));
});
