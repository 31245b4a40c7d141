import { casesOf } from '@kafkaesque/kernel/conformance';
import { groupStory } from './testing/group-story';

const seeds = casesOf(20, 60);

test('whatever members, writes and brokers do: one owner for each partition in a generation, generations grow, and nobody waits for ever', () => {
  let [generations, owned] = [0, 0];
  for (let seed = 1; seed <= seeds; seed += 1)
    try {
      const story = groupStory(seed);
      generations += story.generations;
      owned += story.owned;
    } catch (cause) {
      throw new Error(`SEED=${String(seed)}`, { cause });
    }
  // The test itself is worth something only as long as groups get anywhere.
  expect(generations).toBeGreaterThan(5 * seeds);
  expect(owned).toBeGreaterThan(50 * seeds);
});
