import { Offset, SeededRandom } from '@kafkaesque/kernel';
import { casesOf } from '@kafkaesque/kernel/conformance';
import { UnexposedBytes } from './unexposed-bytes';

test('every byte is exposed once, by the advance that reaches its batch’s end', () => {
  for (let seed = 0; seed < casesOf(25, 100); seed++) {
    const random = new SeededRandom(seed, 'unexposed');
    const ring = new UnexposedBytes(Offset(0));
    let waiting: { readonly end: number; readonly sizeBytes: number }[] = [];
    let [end, highWatermark] = [0, 0];
    for (let step = 0; step < 200; step++) {
      if (random.below(3) > 0) {
        end += 1 + random.below(5);
        waiting.push({ end, sizeBytes: 61 + random.below(1000) });
        ring.push(Offset(end), waiting.at(-1)?.sizeBytes ?? 0);
        continue;
      }
      const now = highWatermark + random.below(end - highWatermark + 1);
      const expected = waiting
        .filter((batch) => batch.end <= now)
        .reduce((sum, batch) => sum + batch.sizeBytes, 0);
      waiting = waiting.filter((batch) => batch.end > now);
      const exposed = ring.expose(Offset(highWatermark), Offset(now));
      expect({ seed, step, exposed }).toEqual({ seed, step, exposed: expected });
      highWatermark = now;
    }
  }
});

test('what lies below the first known batch has no known size, until it is behind', () => {
  const ring = new UnexposedBytes(Offset(10));
  ring.push(Offset(12), 100);
  expect(ring.expose(Offset(5), Offset(5))).toBe(0);
  expect(ring.expose(Offset(5), Offset(12))).toBe(Number.MAX_SAFE_INTEGER);
  ring.push(Offset(13), 70);
  expect(ring.expose(Offset(12), Offset(13))).toBe(70);
});
