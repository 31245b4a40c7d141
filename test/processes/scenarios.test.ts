import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scenarios } from './scenarios/registry';
import { runScenario } from './scenarios/run-scenario';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'scenario-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('clients of three libraries lose and double nothing when the node that they send to is killed', async () => {
  const scenario = scenarios.get('C1');
  if (scenario === undefined) throw new Error('there is no C1');
  const outcome = await runScenario({ scenario, directory, seed: 1, rounds: 1, replicas: 1 });
  expect(outcome.violations).toEqual([]);
  expect(outcome.outages).toHaveLength(1);
  for (const library of ['kafkajs', 'own', 'platformatic']) expect(outcome.tally).toContain(`${library} ok`);
  expect(outcome.report.acknowledged).toBeGreaterThan(50);
}, 180_000);
