import { CHECK_AGAIN_AFTER_MS, CheckedRanges } from './checked-ranges';

test('what was checked is known as long as a minute, from its oldest part on', () => {
  const ranges = new CheckedRanges();
  ranges.add(100, 200, 0);
  expect(ranges.covers(100, 200, 1)).toBe(true);
  expect(ranges.covers(120, 180, 1)).toBe(true);
  expect(ranges.covers(99, 200, 1)).toBe(false);
  expect(ranges.covers(100, 201, 1)).toBe(false);
  ranges.add(200, 300, 1_000);
  expect(ranges.covers(100, 300, CHECK_AGAIN_AFTER_MS - 1)).toBe(true);
  expect(ranges.covers(100, 300, CHECK_AGAIN_AFTER_MS)).toBe(false);
  expect(ranges.covers(200, 300, CHECK_AGAIN_AFTER_MS)).toBe(false);
});

test('what is checked again behind that begins anew', () => {
  const ranges = new CheckedRanges();
  ranges.add(0, 100, 0);
  ranges.add(50, 100, CHECK_AGAIN_AFTER_MS);
  expect(ranges.covers(50, 100, CHECK_AGAIN_AFTER_MS + 1)).toBe(true);
  expect(ranges.covers(0, 100, CHECK_AGAIN_AFTER_MS + 1)).toBe(false);
});

test('two readers at different places do not vouch for what lies between', () => {
  const ranges = new CheckedRanges();
  ranges.add(0, 100, 0);
  ranges.add(200, 300, 0);
  expect(ranges.covers(0, 300, 1)).toBe(false);
  expect(ranges.covers(100, 200, 1)).toBe(false);
});

test('what is cut off and written again was not checked', () => {
  const ranges = new CheckedRanges();
  ranges.add(0, 100, 0);
  ranges.add(200, 300, 0);
  ranges.cut(50);
  expect(ranges.covers(0, 50, 1)).toBe(true);
  expect(ranges.covers(40, 60, 1)).toBe(false);
  expect(ranges.covers(200, 300, 1)).toBe(false);
  ranges.cut(0);
  expect(ranges.covers(0, 1, 1)).toBe(false);
});

test('more readers than it remembers make it forget the oldest', () => {
  const ranges = new CheckedRanges();
  for (let reader = 0; reader < 17; reader++) ranges.add(reader * 100, reader * 100 + 50, 0);
  expect(ranges.covers(0, 50, 1)).toBe(false);
  expect(ranges.covers(1_600, 1_650, 1)).toBe(true);
});
