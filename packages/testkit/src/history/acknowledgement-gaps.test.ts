import { acknowledgementGaps } from './acknowledgement-gaps';
import { Scenario } from './scenario';

const acknowledged = new Scenario();
// Events are a millisecond apart: acknowledgements of x at 1, 3 and 9, of y at 5.
acknowledged
  .sends(0, 'x', 'a')
  .sends(0, 'x', 'b')
  .sends(0, 'y', 'c')
  .mayHaveSent(0, 'x', 'd')
  .sends(0, 'x', 'e');

test('the longest time without an acknowledgement is known of each log, the longest of all first', () => {
  expect(acknowledgementGaps(acknowledged.events, 0, 10)).toEqual([
    { log: 'x', fromMs: 3, toMs: 9, lengthMs: 6 },
    { log: 'y', fromMs: 0, toMs: 5, lengthMs: 5 },
  ]);
});

test('a log of which nothing is acknowledged any more has a gap to the end', () => {
  expect(acknowledgementGaps(acknowledged.events, 4, 30)[0]).toMatchObject({ log: 'y', fromMs: 5, toMs: 30 });
});
