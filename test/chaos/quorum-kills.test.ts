import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runQuorumChaos } from '../processes/quorum-chaos';

/** As many kills as fit; `npm run chaos:quorum` makes as many as it is asked for. */
const BUDGET_MS = 3000;

test('changes of the metadata that were acknowledged outlive controllers that are killed, lose power, and are replaced', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'quorum-kills-'));
  const seed = Math.floor(Math.random() * 2 ** 32);
  let startedMs: number | undefined;
  const lines: string[] = [];
  try {
    const { violations, rounds, acknowledged, wipes } = await runQuorumChaos({
      ...{ directory, seed, layout: 'combined', rounds: 3 },
      isOver: () => {
        // Asked for the first time once the cluster serves, however long that takes.
        startedMs ??= performance.now();
        return performance.now() - startedMs > BUDGET_MS;
      },
      progress: (line) => lines.push(line),
    });
    expect({ seed, lines, violations }).toEqual({ seed, lines, violations: [] });
    expect(Math.min(rounds, acknowledged)).toBeGreaterThan(0);
    expect(wipes).toBeLessThanOrEqual(1);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}, 120_000);
