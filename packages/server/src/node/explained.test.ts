import { Failure } from '@kafkaesque/kernel';
import { explained } from './explained';

const failure = (code: string): Failure => new Failure(code, `${code}: open '/data'`);

test.each([
  ['EROFS', 'allowed to write'],
  ['EACCES', 'allowed to write'],
  ['ENOSPC', 'The disk is full'],
  ['EMFILE', 'ulimit -n'],
])('%s is explained by what to do', (code, advice) => {
  expect(explained(failure(code))).toMatch(new RegExp(`^${code}: open '/data'\\. .*${advice}`));
});

test('of two failures the first is told', () => {
  const both = Object.assign(new Error('An error was suppressed during disposal'), {
    ...{ error: failure('EIO'), suppressed: failure('ENOSPC') },
  });
  expect(explained(both)).toMatch(/^ENOSPC/);
});

test('a sentence of our own stays as it is, and a mistake is none', () => {
  expect(explained(new Failure('LOCKED', '/data is in use'))).toBe('/data is in use');
  expect(explained(new TypeError('x is not a function'))).toBeUndefined();
});
