import { RequestFence } from './request-fence';

const [first, second] = [{}, {}];

describe('requests of one process', () => {
  test('are taken in the order in which they were sent, on whatever channel', () => {
    const fence = new RequestFence();
    expect(fence.judge('a', first, 1)).toBe('take');
    expect(fence.judge('a', second, 2)).toBe('take');
    expect(fence.judge('a', first, 5)).toBe('take');
  });

  test('are late behind what was sent after them on the next channel', () => {
    const fence = new RequestFence();
    expect(fence.judge('a', first, 1)).toBe('take');
    expect(fence.judge('a', second, 3)).toBe('take');
    expect(fence.judge('a', first, 2)).toBe('late');
    expect(fence.judge('b', first, 2)).toBe('take');
  });

  test('count once for each channel', () => {
    const fence = new RequestFence();
    expect(fence.judge('a', first, 1)).toBe('take');
    expect(fence.judge('a', first, 1)).toBe('again');
  });

  test('are late also on a channel that brought nothing before, when the next one has ended', () => {
    const fence = new RequestFence();
    expect(fence.judge('a', second, 4)).toBe('take');
    fence.ended('a', second);
    expect(fence.judge('a', first, 3)).toBe('late');
    expect(fence.judge('a', first, 5)).toBe('take');
  });

  test('are counted anew in each term, which they name', () => {
    const fence = new RequestFence();
    fence.judge('a', first, 3);
    fence.termBegan();
    expect(fence.judge('a', first, 1)).toBe('take');
  });

  test('are forgotten of whoever was heard longest ago', () => {
    const fence = new RequestFence();
    fence.judge('a', first, 3);
    fence.judge('b', first, 3);
    fence.judge('a', first, 4);
    for (let process = 0; process < 9_999; process++) fence.judge(`p${process}`, second, 1);
    expect(fence.judge('a', second, 2)).toBe('late');
    expect(fence.judge('b', second, 2)).toBe('take');
  });
});
