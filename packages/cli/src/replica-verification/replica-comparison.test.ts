import { compareAnswers } from './replica-comparison';
import type { ReplicaAnswer } from './replica-comparison';

/** Batches as `lastOffset:checksum`. */
const answer = (replica: number, highWatermark: number, ...batches: readonly string[]): ReplicaAnswer => ({
  ...{ replica, highWatermark },
  batches: batches.map((text) => {
    const [lastOffset = 0, checksum = 0] = text.split(':').map(Number);
    return { lastOffset, checksum };
  }),
});

describe('the answers of replicas', () => {
  test('are the same as far as all of them have got', () => {
    const answers = [answer(1, 20, '9:5', '19:6'), answer(2, 20, '9:5', '19:6'), answer(3, 20, '9:5')];
    expect(compareAnswers('t-0', answers)).toEqual({
      ...{ verifiedTo: 10, highWatermark: 20, findings: [], isBroken: false },
    });
  });

  test('count below their own high watermarks only', () => {
    const answers = [answer(1, 20, '9:5', '19:6'), answer(2, 19, '9:5', '19:7')];
    expect(compareAnswers('t-0', answers)).toMatchObject({ verifiedTo: 10, findings: [] });
  });

  test('wait for a replica whose broker did not answer', () => {
    const answers = [answer(1, 20, '9:5'), answer(2, -1)];
    expect(compareAnswers('t-0', answers)).toMatchObject({ verifiedTo: undefined, highWatermark: 20 });
  });

  test('with other checksums are told, and passed', () => {
    const answers = [answer(1, 20, '9:5', '19:6'), answer(2, 20, '9:4', '19:6')];
    expect(compareAnswers('t-0', answers)).toMatchObject({
      verifiedTo: 20,
      findings: [
        "partition t-0 has unmatched checksum at offset 9; replica 1's checksum 5; replica 2's checksum 4",
      ],
      isBroken: false,
    });
  });

  test('that end elsewhere cannot be compared any further', () => {
    const answers = [answer(1, 20, '9:5', '14:6'), answer(2, 20, '9:5', '19:6')];
    expect(compareAnswers('t-0', answers)).toEqual({
      ...{ verifiedTo: 10, highWatermark: 20, isBroken: true },
      findings: ["partition t-0: replica 1's offset 14 doesn't match replica 2's offset 19"],
    });
  });
});
