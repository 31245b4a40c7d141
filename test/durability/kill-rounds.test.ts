import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runKillRounds } from './kill-rounds';

/** As many rounds as fit; `npm run durability` runs as many as it is asked for. */
const BUDGET_MS = 4000;

describe('a node that is killed again and again keeps what it acknowledged:', () => {
  test.each([
    { mode: 'lazy', partitions: 1 },
    { mode: 'lazy-kill', partitions: 40 },
  ] as const)(
    '$partitions partitions, FAULT_FS=$mode',
    async ({ mode, partitions }) => {
      const directory = mkdtempSync(join(tmpdir(), 'kill-rounds-'));
      const seed = Math.floor(Math.random() * 2 ** 32);
      const startedMs = performance.now();
      const lines: string[] = [];
      try {
        const { violations, rounds, verifications, confirmed } = await runKillRounds({
          ...{ directory, seed, mode, partitions, rounds: 50, eagerBytes: 300_000 },
          isOver: () => performance.now() - startedMs > BUDGET_MS,
          progress: (line) => lines.push(line),
        });
        expect({ seed, lines, violations }).toEqual({ seed, lines, violations: [] });
        expect(Math.min(rounds, verifications, confirmed)).toBeGreaterThan(0);
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    },
    120_000,
  );
});
