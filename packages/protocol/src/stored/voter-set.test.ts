import { BrokerId, hasCode } from '@kafkaesque/kernel';
import { decodeVoterSet, encodeVoterSet } from '../index';
import type { Voter } from '../index';

const voter = (nodeId: number, letter: string): Voter => ({
  nodeId: BrokerId(nodeId),
  directoryId: letter.repeat(21) + 'A',
  endpoints: [{ name: 'CONTROLLER', host: `host-${nodeId}`, port: 9093 + nodeId }],
  kraftVersion: { min: 0, max: 1 },
});

const isRefused = (bytes: Buffer): boolean => {
  try {
    decodeVoterSet(bytes);
    return false;
  } catch (error) {
    return hasCode(error, 'INVALID_REQUEST');
  }
};

test('a voter set comes back as it was written, by ascending node id', () => {
  const voters = [voter(3, 'c'), voter(1, 'a'), voter(2, 'b')];
  const bytes = encodeVoterSet(voters);
  expect(decodeVoterSet(bytes)).toEqual([voter(1, 'a'), voter(2, 'b'), voter(3, 'c')]);
  expect(encodeVoterSet(voters.toReversed())).toEqual(bytes);
});

test('no voters are no bytes', () => {
  expect(encodeVoterSet([])).toHaveLength(0);
  expect(decodeVoterSet(Buffer.alloc(0))).toEqual([]);
});

test('a set that was cut anywhere, has bytes behind it, or has a node twice is refused', () => {
  const bytes = encodeVoterSet([voter(1, 'a'), voter(2, 'b')]);
  for (let length = 1; length < bytes.length; length++)
    expect(isRefused(bytes.subarray(0, length))).toBe(true);
  expect(isRefused(Buffer.concat([bytes, Buffer.from([0])]))).toBe(true);
  expect(isRefused(encodeVoterSet([voter(1, 'a'), voter(1, 'b')]))).toBe(true);
});
