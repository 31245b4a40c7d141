import { casesOf } from './cases';

describe('the number of cases of a property', () => {
  const before = process.env['KAFKAESQUE_CASES'];
  afterEach(() => {
    if (before === undefined) delete process.env['KAFKAESQUE_CASES'];
    else process.env['KAFKAESQUE_CASES'] = before;
  });

  test('is small, unless all or so many are asked for', () => {
    delete process.env['KAFKAESQUE_CASES'];
    expect(casesOf(3, 40)).toBe(3);
    process.env['KAFKAESQUE_CASES'] = 'all';
    expect(casesOf(3, 40)).toBe(40);
    process.env['KAFKAESQUE_CASES'] = '1000';
    expect(casesOf(3, 40)).toBe(1000);
  });

  test.each(['none', '0', '2.5', '-1'])('is not %s', (asked) => {
    process.env['KAFKAESQUE_CASES'] = asked;
    expect(() => casesOf(3, 40)).toThrow('a whole number above 0');
  });
});
