import { apis } from '@kafkaesque/protocol';
import { chooseVersion } from './version-choice';
import type { Capabilities } from './wire';

const offering = (key: number, min: number, max: number): Capabilities => ({
  apis: new Map([[key, { min, max }]]),
  finalizedFeatures: new Map(),
  supportedFeatures: new Map(),
});

describe('the version of a request', () => {
  test.each([
    { theirs: [0, 11], bounds: {}, chosen: 11 },
    { theirs: [0, 99], bounds: {}, chosen: apis.Fetch.advertised.max },
    { theirs: [4, 17], bounds: { maxVersion: 12 }, chosen: 12 },
    { theirs: [4, 17], bounds: { minVersion: 17 }, chosen: 17 },
  ])('is the highest that both know: theirs $theirs, bounds $bounds', ({ theirs, bounds, chosen }) => {
    const [min = 0, max = 0] = theirs;
    expect(chooseVersion(apis.Fetch, offering(apis.Fetch.key, min, max), bounds, 'here')).toBe(chosen);
  });

  test('is none when the broker does not offer the API', () => {
    expect(() => chooseVersion(apis.Fetch, offering(99, 0, 1), {}, 'here:1')).toThrow(
      'The broker at here:1 does not support Fetch',
    );
  });

  test.each([
    { theirs: [0, 3], bounds: {} },
    { theirs: [99, 100], bounds: {} },
    { theirs: [4, 8], bounds: { minVersion: 9 } },
  ])('is none when the ranges do not meet: theirs $theirs, bounds $bounds', ({ theirs, bounds }) => {
    const [min = 0, max = 0] = theirs;
    expect(() => chooseVersion(apis.Fetch, offering(apis.Fetch.key, min, max), bounds, 'here')).toThrow(
      /offers Fetch in versions/,
    );
  });
});
