import { parseDateTime, parseDuration } from './java-time';

describe('times as Kafka’s tools read them', () => {
  test.each([
    ['2020-11-10T16:51:38.198', '2020-11-10T16:51:38.198Z'],
    ['2020-11-10T16:51:38.198Z', '2020-11-10T16:51:38.198Z'],
    ['2020-11-10T16:51:38.198+0800', '2020-11-10T08:51:38.198Z'],
    ['2020-11-10T16:51:38.198+08', '2020-11-10T08:51:38.198Z'],
    ['2020-11-10T16:51:38.198-08:30', '2020-11-11T01:21:38.198Z'],
  ])('%s is %s', (text, expected) => {
    expect(new Date(parseDateTime(text)).toISOString()).toBe(expected);
  });

  test.each([
    '2020-11-10',
    '2020-11-10T',
    '2020-13-10T16:51:38.198',
    '2020-02-30T16:51:38.198',
    '2020-11-10T16:51:38',
  ])('%s is none', (text) => {
    expect(() => parseDateTime(text)).toThrow('java.text.ParseException: ');
  });
});

describe('durations as Java reads them', () => {
  test.each([
    ['P1D', 86_400_000],
    ['PT1H30M', 5_400_000],
    ['P1DT2H3M4.5S', 93_784_500],
    ['-PT1M', -60_000],
    ['PT-1M', -60_000],
    ['pt0.001s', 1],
  ])('%s is %d ms', (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
  });

  test.each(['', 'P', 'PT', 'P1DT', '1D', 'P1M', 'PT1H2'])('%j is none', (text) => {
    expect(() => parseDuration(text)).toThrow('Text cannot be parsed to a Duration');
  });
});
