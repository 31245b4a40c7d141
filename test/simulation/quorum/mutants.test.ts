import { placesOf } from '../runner/mutant';
import { hunt, turnOf } from '../runner/mutant-hunt';
import { mutants } from './mutants';

const DAY_MS = 86_400_000;
const TURNS = 6;
const turn = Math.floor(Date.now() / DAY_MS);
const options = {
  suite: 'quorum',
  table: 'test/simulation/quorum/mutants.ts',
  firstSeed: 1,
  maximumEvents: 20_000_000,
};

describe('bugs planted into the quorum', () => {
  test.each(mutants)('can be planted: $name', (mutant) => {
    for (const place of placesOf(mutant)) expect(place).toEqual([place[0], 1]);
  });

  // The others have their turn on the next days; `npm run simulate:mutants` takes all.
  test.each(turnOf(mutants, turn, TURNS))(
    'are found: $name',
    async (mutant) => {
      const { outcome, invariant, seed, events } = await hunt(mutant, options);
      process.stdout.write(`${mutant.name}: ${outcome} by ${invariant}, seed ${seed}, ${events} events\n`);
      expect([outcome, invariant]).toEqual(['found', expect.any(String)]);
    },
    240_000,
  );
});
