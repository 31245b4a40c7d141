import { CopyLanes } from './copy-lanes';

test('no more than four work at once, in the order in which they came, and a failure stops nobody', async () => {
  const lanes = new CopyLanes();
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const works = Array.from({ length: 7 }, (_, index) =>
    lanes.run(
      () =>
        new Promise<void>((resolve, reject) => {
          begun.push(index);
          ends[index] = index === 1 ? () => reject(new Error('no')) : resolve;
        }),
    ),
  );
  expect(begun).toEqual([0, 1, 2, 3]);
  ends[1]?.();
  await expect(works[1]).rejects.toThrow('no');
  await Promise.resolve();
  expect(begun).toEqual([0, 1, 2, 3, 4]);
  for (const index of [0, 2, 3, 4]) ends[index]?.();
  await Promise.all([works[0], works[2], works[3], works[4]]);
  await Promise.resolve();
  expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6]);
  for (const index of [5, 6]) ends[index]?.();
  await Promise.all(works.filter((_, index) => index !== 1));
});
