/**
 * How many cases a property is tried with: `few` in every run of the tests, `all` where `KAFKAESQUE_CASES=all` asks for
 * them (`npm run test:properties`), and as many as it says where it is a number. No other place reads that variable.
 */
export const casesOf = (few: number, all: number): number => {
  // eslint-disable-next-line no-restricted-globals -- for tests alone, and no rule asks
  const asked = process.env['KAFKAESQUE_CASES'] ?? '';
  if (asked === '') return few;
  if (asked === 'all') return all;
  const count = Number(asked);
  if (!Number.isSafeInteger(count) || count < 1)
    throw new Error(`KAFKAESQUE_CASES=${asked}: all, or a whole number above 0`);
  return count;
};
