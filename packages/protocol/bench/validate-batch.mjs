// What judging one produced batch costs. Processor time, medians of rounds; run after `npx tsc -b packages/protocol`.
//
//   node packages/protocol/bench/validate-batch.mjs
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { computeCrc, decodeBatch, encodeBatch, initialiseCodecs, validateBatch } = require('../dist/index.js');

const ROUNDS = 9;
const ROUND_MS = 60;

/** Median nanoseconds of processor time of one call. */
function measure(run) {
  const rounds = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const before = process.cpuUsage();
    const until = performance.now() + ROUND_MS;
    let calls = 0;
    while (performance.now() < until) {
      for (let index = 0; index < 32; index += 1) run();
      calls += 32;
    }
    const used = process.cpuUsage(before);
    // The first round warms.
    if (round > 0) rounds.push(((used.user + used.system) * 1_000) / calls);
  }
  return rounds.sort((a, b) => a - b)[rounds.length >> 1];
}

function batchOf(sizeBytes, valueBytes, codec = 'none') {
  const records = [];
  for (let size = 61; size + valueBytes < sizeBytes || records.length === 0; size += valueBytes + 20)
    records.push({
      key: Buffer.from(`key-${records.length}`.padEnd(10)),
      value: Buffer.alloc(valueBytes, `value ${records.length} `),
      timestampMs: 1_700_000_000_000 + records.length,
    });
  return encodeBatch({ codec, records });
}

await initialiseCodecs();
const options = {
  origin: 'client',
  nowMs: 1_700_000_000_000,
  timestampType: 'CreateTime',
  timestampAfterMaxMs: 3_600_000,
};
const rows = [
  ['one record of 100 B', batchOf(0, 100)],
  ['one record of 1 KB', batchOf(0, 1_000)],
  ['16 KB of 100 B records', batchOf(16_384, 100)],
  ['16 KB of 1 KB records', batchOf(16_384, 1_000)],
  ['64 KB of 100 B records', batchOf(65_536, 100)],
  ['64 KB of 1 KB records', batchOf(65_536, 1_000)],
  ['64 KB of 1 KB records, lz4', batchOf(65_536, 1_000, 'lz4')],
];
const print = (cells) =>
  console.log(cells.map((cell, index) => (index === 0 ? cell.padEnd(30) : cell.padStart(14))).join(''));
print(['batch', 'bytes', 'validate ns', 's per GB', 'crc alone ns', 'decode ns']);
for (const [name, batch] of rows) {
  if (validateBatch(batch, 0, options).kind !== 'valid') throw new Error(`${name} is not valid`);
  const validated = measure(() => validateBatch(batch, 0, options));
  const crc = measure(() => computeCrc(batch, 0));
  const decoded = measure(() => decodeBatch(batch, 0));
  print([
    name,
    String(batch.length),
    validated.toFixed(0),
    (validated / batch.length).toFixed(3),
    crc.toFixed(0),
    decoded.toFixed(0),
  ]);
}
