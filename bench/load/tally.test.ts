import { silenceBetween, tallyOf } from './tally';

test('what was acknowledged and is not there is lost; what is there twice is a duplicate', () => {
  expect(tallyOf(4, [0, 1, 2, 3])).toEqual({ lost: 0, duplicates: 0 });
  expect(tallyOf(4, [0, 2, 2, 3, 3, 3])).toEqual({ lost: 1, duplicates: 3 });
});

test('a record that is there without an acknowledgement is neither', () => {
  expect(tallyOf(2, [0, 1, 2])).toEqual({ lost: 0, duplicates: 0 });
});

test.each([
  ['begins with the last acknowledgement before', [0, 10, 400, 410], 200, 1000, 390],
  ['is the longest one when there are several', [0, 10, 20, 200, 210], 15, 1000, 180],
  ['leaves earlier ones out', [0, 1000, 1010, 1040], 1005, 2000, 30],
  ['is the time itself when nothing came before', [50], 20, 1000, 30],
  ['leaves later ones out', [0, 10, 20, 900], 5, 100, 10],
  ['is unknown when nothing came', [0, 10, 200], 20, 100, undefined],
])('the silence %s', (_, atMs, fromMs, untilMs, expected) => {
  expect(silenceBetween(atMs, fromMs, untilMs)).toBe(expected);
});
