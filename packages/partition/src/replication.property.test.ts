import fc from 'fast-check';
import { casesOf } from '@kafkaesque/kernel/conformance';
import { ToyCluster, stepTable } from './testing/toy-cluster';

/** P2 to P6 are checked after every step; in the end everybody must come together (RELIABILITY 2.2). */
test('through crashes, elections, truncations and lost answers nothing exposed changes and nothing acknowledged is lost', () => {
  const steps = fc.array(fc.nat(stepTable.length - 1), { minLength: 400, maxLength: 1600, size: 'max' });
  const property = fc.property(fc.nat(), steps, (seed, choices) => {
    const cluster = new ToyCluster(seed);
    for (const choice of choices) cluster.step(stepTable[choice] ?? 'tick');
    cluster.heal();
  });
  // fast-check names seed and path of what fails; give them to `fc.assert` to see it again.
  fc.assert(property, { numRuns: casesOf(25, 120), endOnFailure: true });
});
