import { setTimeout } from 'node:timers/promises';
import { youngGarbageCollector } from './young-garbage';

const MIB = 1 << 20;
const outside = (): number => process.memoryUsage().arrayBuffers;

/** Outside the heap another thread frees, a while after the collection; so what ran here before may be freed only now. */
const settled = async (): Promise<number> => {
  let before: number;
  let quiet = 0;
  do {
    before = outside();
    await setTimeout(10);
    quiet = before === outside() ? quiet + 1 : 0;
  } while (quiet < 5);
  return before;
};

test('gives back memory outside the heap that nothing refers to any more', async () => {
  const collect = youngGarbageCollector();
  collect();
  const before = await settled();
  for (let count = 0; count < 256; count++) new ArrayBuffer(65_536);
  expect(outside()).toBeGreaterThanOrEqual(before + 8 * MIB);
  collect();
  while (outside() >= before + 8 * MIB) await setTimeout(1);
});
