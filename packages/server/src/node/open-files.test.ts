import { shareOpenFiles } from './open-files';

test('connections and segment files together leave room for everything else', () => {
  for (const limit of [256, 1024, 4096, 1_048_576])
    for (const directories of [1, 3, 12]) {
      const { segmentFiles, connections } = shareOpenFiles(limit, directories);
      expect(segmentFiles).toBeGreaterThan(0);
      expect(connections).toBeGreaterThan(limit / 4);
      expect(segmentFiles * directories + connections).toBe(limit - 96);
    }
});

test('a large limit bounds nothing that was not bounded, and an unknown one nothing at all', () => {
  expect(shareOpenFiles(1_048_576, 1).segmentFiles).toBe(1024);
  expect(shareOpenFiles(undefined, 1)).toEqual({ segmentFiles: 1024, connections: Infinity });
});

test('too few are refused with the limit and how to raise it', () => {
  expect(() => shareOpenFiles(255, 1)).toThrow(/255 files.*256 at least.*ulimit -n/);
});
