import { SeededRandom } from '@kafkaesque/kernel';
import { casesOf } from '@kafkaesque/kernel/conformance';
import { Deadlines } from './deadlines';
import type { Dated } from './deadlines';

const item = (deadlineMs: number): Dated => ({ deadlineMs, heapIndex: -1 });

test('the earliest is always first, wherever others leave from', () => {
  for (let seed = 0; seed < casesOf(40, 200); seed++) {
    const random = new SeededRandom(seed, 'deadlines');
    const deadlines = new Deadlines<Dated>();
    const waiting = new Set<Dated>();
    for (let step = 0; step < 100; step++) {
      if (random.below(5) < 3 || waiting.size === 0) {
        const added = item(random.below(1000));
        deadlines.add(added);
        waiting.add(added);
      } else {
        const leaving = [...waiting][random.below(waiting.size)];
        if (leaving === undefined) continue;
        deadlines.remove(leaving);
        waiting.delete(leaving);
      }
      const earliest = Math.min(Infinity, ...[...waiting].map((one) => one.deadlineMs));
      expect({ seed, step, first: deadlines.first?.deadlineMs ?? Infinity, size: deadlines.size }).toEqual({
        seed,
        step,
        first: earliest,
        size: waiting.size,
      });
    }
    const drained: number[] = [];
    for (let next = deadlines.first; next !== undefined; next = deadlines.first) {
      drained.push(next.deadlineMs);
      deadlines.remove(next);
    }
    const sorted = [...waiting].map((one) => one.deadlineMs).sort((a, b) => a - b);
    expect({ seed, drained }).toEqual({ seed, drained: sorted });
  }
});

test('nothing waits twice, and nothing leaves that does not wait', () => {
  const deadlines = new Deadlines<Dated>();
  const once = item(1);
  deadlines.add(once);
  expect(() => {
    deadlines.add(once);
  }).toThrow(/waits for one deadline/);
  deadlines.remove(once);
  expect(() => {
    deadlines.remove(once);
  }).toThrow(/only what waits/);
});
