import { placesOf } from '../runner/mutant';
import { mutants } from './mutants';

describe('bugs planted into groups', () => {
  // `npm run simulate:mutants -- --suite groups` searches for them.
  test.each(mutants)('can be planted: $name', (mutant) => {
    for (const place of placesOf(mutant)) expect(place).toEqual([place[0], 1]);
  });
});
