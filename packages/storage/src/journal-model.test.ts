import { SeededRandom } from '@kafkaesque/kernel';
import { casesOf } from '@kafkaesque/kernel/conformance';
import { JournalModel, ModelViolation, modelRules } from './testing/journal-model';
import type { ModelRule } from './testing/journal-model';

const LIVES = 12;

/** Runs worlds until so many crashes were survived; returns the first violation with its seed. */
const survive = (crashes: number, firstSeed: number, omitted: readonly ModelRule[]): string | undefined => {
  let survived = 0;
  for (let seed = firstSeed; survived < crashes; seed++)
    try {
      survived += new JournalModel(new SeededRandom(seed, 'journal-model'), omitted).run(LIVES);
    } catch (cause) {
      if (!(cause instanceof ModelViolation)) throw cause;
      return `seed ${seed}: ${cause.message}`;
    }
  return undefined;
};

describe('the journal’s rules', () => {
  test('lose nothing acknowledged and bring nothing back, whatever crashes when', () => {
    expect(survive(casesOf(5_000, 20_000), Date.now() % 1_000_000, [])).toBeUndefined();
  });

  test.each(modelRules)('are all needed: without “%s” something is lost', (rule) => {
    expect(survive(20_000, 1, [rule])).toBeDefined();
  });
});
