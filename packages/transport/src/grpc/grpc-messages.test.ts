import { GrpcMessageReader, grpcParts } from './grpc-messages';

const messages = [
  Buffer.alloc(0),
  Buffer.from('a'),
  Buffer.alloc(20_000, 1),
  Buffer.alloc(0),
  Buffer.from('bc'),
  Buffer.alloc(16 * 1024, 2),
  Buffer.alloc(50_000, 3),
];

const readAll = (reader: GrpcMessageReader): readonly Buffer[] => {
  const found: Buffer[] = [];
  for (let message = reader.next(); message !== undefined; message = reader.next()) found.push(message);
  return found;
};

test('a message stands behind a flag and its length', () => {
  expect(Buffer.concat(grpcParts([Buffer.from('ab')]))).toEqual(Buffer.from([0, 0, 0, 0, 2, 0x61, 0x62]));
});

test('large messages are not copied', () => {
  const parts = grpcParts(messages);
  expect(parts).toHaveLength(4);
  expect(parts[1]).toBe(messages[2]);
  expect(parts[3]).toBe(messages[6]);
});

test.each([1, 4, 5, 6, 1000, 16_384, 1_000_000])(
  'messages come back from chunks of %d bytes',
  (chunkBytes) => {
    const bytes = Buffer.concat(grpcParts(messages));
    const reader = new GrpcMessageReader(50_000);
    const found: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += chunkBytes) {
      reader.add(bytes.subarray(at, at + chunkBytes));
      found.push(...readAll(reader));
    }
    expect(found).toEqual(messages);
    expect(reader.fault).toBeUndefined();
  },
);

test('what was read has bytes of its own', () => {
  const bytes = Buffer.concat(grpcParts([Buffer.from('ab')]));
  const reader = new GrpcMessageReader(10);
  reader.add(bytes);
  const [message] = readAll(reader);
  bytes.fill(0);
  expect(message?.toString()).toBe('ab');
});

test.each([
  ['a message that is too large, by its length alone', [0, 0, 0, 0, 11], 'too large'],
  ['a compressed message', [1, 0, 0, 0, 1], 'compressed'],
])('nothing follows %s', (_, bytes, fault) => {
  const reader = new GrpcMessageReader(10);
  reader.add(Buffer.concat([...grpcParts([Buffer.from('ab')]), Buffer.from(bytes), Buffer.alloc(20)]));
  expect(readAll(reader)).toEqual([Buffer.from('ab')]);
  expect(reader.fault).toBe(fault);
});
