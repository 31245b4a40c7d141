import { youngGarbageCollector } from './young-garbage';

test('gives back memory outside the heap that nothing refers to any more', () => {
  const collect = youngGarbageCollector();
  collect();
  const before = process.memoryUsage().arrayBuffers;
  for (let count = 0; count < 16; count++) new ArrayBuffer(65_536);
  expect(process.memoryUsage().arrayBuffers).toBeGreaterThanOrEqual(before + (1 << 20));
  collect();
  expect(process.memoryUsage().arrayBuffers).toBeLessThan(before + (1 << 20));
});
