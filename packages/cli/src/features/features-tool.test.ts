import { ClientError } from '@kafkaesque/client';
import type { Admin, FeatureChange } from '@kafkaesque/client';
import { fakeAdmin } from '../testing/fake-admin';
import { recordedTerminal } from '../testing/recorded-terminal';
import { featureChanges } from './feature-changes';
import { changeLevels, describeLevels } from './features-tool';
import type { ChangingAction } from './features-tool';

/** A cluster at a release whose name is not known here, with one feature that the node cannot do any more. */
const admin: Admin = {
  ...fakeAdmin({ topics: {} }),
  describeFeatures: () =>
    Promise.resolve({
      supported: new Map([
        ['metadata.version', { min: 7, max: 99 }],
        ['group.version', { min: 0, max: 1 }],
      ]),
      finalized: new Map([
        ['metadata.version', { min: 30, max: 30 }],
        ['other.version', { min: 1, max: 1 }],
      ]),
      finalizedEpoch: 42,
    }),
  updateFeatures: (changes) =>
    Promise.resolve(
      changes.map(({ feature: key }) =>
        key === 'bad'
          ? {
              kind: 'failed',
              key,
              error: new ClientError('broker', 'INVALID_UPDATE_VERSION', 'It cannot be.'),
            }
          : { kind: 'done', key, value: undefined },
      ),
    ),
};
const change = async (
  action: ChangingAction,
  changes: readonly FeatureChange[],
  dryRun?: true,
  by: Admin = admin,
) => {
  const terminal = recordedTerminal();
  const flags = dryRun === undefined ? {} : { dryRun };
  return { code: await changeLevels(by, action, changes, flags, terminal), ...terminal.written };
};
const of = (feature: string, level: number): FeatureChange => ({ feature, level, kind: 'safe-downgrade' });

test('levels are shown in columns, releases by their names', async () => {
  const terminal = recordedTerminal();
  await describeLevels(admin, {}, terminal);
  const line = (name: string, min: string, max: string, level: string): string =>
    `Feature: ${name.padEnd(40)}  SupportedMinVersion: ${min.padEnd(15)}  SupportedMaxVersion: ${max.padEnd(15)}` +
    `  FinalizedVersionLevel: ${level.padEnd(15)}  Epoch: 42\n`;
  expect(terminal.written.out).toBe(
    line('group.version', '0', '1', '0') + line('metadata.version', '3.3-IV3', 'UNKNOWN [99]', '4.3-IV0'),
  );
});

test('levels are read by scripts as JSON', async () => {
  const terminal = recordedTerminal();
  await describeLevels(admin, { json: true }, terminal);
  expect(JSON.parse(terminal.written.out)).toEqual({
    epoch: 42,
    features: [
      { name: 'group.version', supportedMin: 0, supportedMax: 1, finalizedLevel: 0 },
      { name: 'metadata.version', supportedMin: 7, supportedMax: 99, finalizedLevel: 30 },
    ],
  });
});

test('of each change it is said what became of it', async () => {
  expect(await change('upgrade', [of('a', 2)])).toEqual({ code: 0, out: 'a was upgraded to 2.\n', err: '' });
  expect(await change('downgrade', [of('a', 1)], true)).toMatchObject({ out: 'a can be downgraded to 1.\n' });
  expect(await change('disable', [of('a', 0)])).toMatchObject({ out: 'a was disabled.\n' });
  expect(await change('upgrade', [of('a', 2), of('bad', 1)])).toEqual({
    code: 1,
    out: 'a was upgraded to 2.\nCould not upgrade bad to 1. It cannot be.\n',
    err: '1 out of 2 operation(s) failed.\n',
  });
  expect(await change('disable', [of('bad', 0)], true)).toMatchObject({
    code: 1,
    out: 'Can not disable bad. It cannot be.\n',
  });
});

test('a call that fails as a whole failed for each', async () => {
  const unreachable: Admin = {
    ...admin,
    updateFeatures: () => Promise.reject(new ClientError('timeout', 'TIMED_OUT', 'nobody answered')),
  };
  expect(await change('upgrade', [of('a', 1), of('b', 2)], undefined, unreachable)).toEqual({
    code: 1,
    out: 'Could not upgrade a to 1. nobody answered\nCould not upgrade b to 2. nobody answered\n',
    err: '2 out of 2 operation(s) failed.\n',
  });
});

test('a release stands for all its levels, by name', () => {
  const changes = featureChanges('downgrade', { releaseVersion: '4.0', unsafe: true }, () => undefined);
  expect(changes.map(({ feature, level, kind }) => [feature, level, kind])).toEqual([
    ['eligible.leader.replicas.version', 0, 'unsafe-downgrade'],
    ['group.version', 1, 'unsafe-downgrade'],
    ['kraft.version', 1, 'unsafe-downgrade'],
    ['metadata.version', 25, 'unsafe-downgrade'],
    ['share.version', 0, 'unsafe-downgrade'],
    ['streams.version', 0, 'unsafe-downgrade'],
    ['transaction.version', 2, 'unsafe-downgrade'],
  ]);
});
