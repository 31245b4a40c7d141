import { partsOf } from './profile';

const frame = (functionName: string, url = ''): { functionName: string; url: string } => ({
  functionName,
  url,
});

test('time belongs to the nearest package of ours, and what the system is given stands for itself', () => {
  const storage = 'file:///repository/packages/storage/dist/rounds.js';
  const parts = partsOf({
    nodes: [
      { id: 1, callFrame: frame('(root)'), children: [2, 3, 4, 9, 12] },
      { id: 2, callFrame: frame('(idle)') },
      { id: 3, callFrame: frame('(garbage collector)') },
      { id: 4, callFrame: frame('round', storage), children: [5, 7] },
      { id: 5, callFrame: frame('write', 'node:fs'), children: [6] },
      { id: 6, callFrame: frame('writeBuffer') },
      {
        id: 7,
        callFrame: frame('sum', 'file:///repository/packages/protocol/dist/batches/crc32c.js'),
        children: [8],
      },
      { id: 8, callFrame: frame('copy', 'node:buffer') },
      { id: 9, callFrame: frame('Socket._writev', 'node:net'), children: [10] },
      { id: 10, callFrame: frame('writev'), children: [11] },
      { id: 11, callFrame: frame('onwrite', 'node:internal/streams/writable') },
      { id: 12, callFrame: frame('Module._load', 'node:internal/modules/cjs/loader'), children: [13] },
      { id: 13, callFrame: frame('top', storage) },
    ],
    samples: [2, 3, 4, 5, 6, 7, 8, 10, 11, 13],
    timeDeltas: [1e6, 2e6, 3e6, 4e6, 5e6, 6e6, 7e6, 8e6, 9e6, 1e6],
  });
  expect(parts).toEqual({
    'garbage collection': 2,
    '`storage`': 7,
    'handing writes to files': 5,
    CRC32C: 13,
    'handing answers to sockets': 8,
    'Node’s streams, timers and promises': 9,
  });
});
