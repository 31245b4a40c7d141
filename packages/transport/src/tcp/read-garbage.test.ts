import { ReadGarbage } from './read-garbage';

test('is collected every four megabytes, however they arrive', () => {
  let collections = 0;
  const garbage = new ReadGarbage(() => (collections += 1));
  for (let chunk = 0; chunk < 1280; chunk++) garbage.moved(65_536);
  expect(collections).toBe(20);
  garbage.moved(4 << 20);
  expect(collections).toBe(21);
  garbage.moved(1);
  expect(collections).toBe(21);
});
