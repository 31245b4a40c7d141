import { dependenciesOf, featureLevelsAt, metadataVersionOf, releaseVersions } from './release-versions';
import { supportedFeature } from './supported-features';

describe('versions of the metadata', () => {
  test.each([
    ['3.3-IV3', 7],
    ['3.5-IV2', 11],
    ['3.6', 14],
    ['3.7-IV4', 19],
    ['3.9', 21],
    ['3.9.1', 21],
    ['4.0-IV3', 25],
    ['4.1-IV0', 26],
    ['4.2', 29],
    ['4.3-IV0', 30],
    ['4.3', 30],
    ['4.3.0', 30],
  ])('%s is level %d', (name, level) => {
    expect(metadataVersionOf(name)?.level).toBe(level);
  });

  test.each(['', '4', '4.9', '4.3-IV1', '2.8', '3.3-IV0', '4.3.0-IV0.x', 'toString'])(
    '%p is none',
    (name) => {
      const known = name.startsWith('4.3.');
      expect(metadataVersionOf(name)?.level).toBe(known ? 30 : undefined);
    },
  );

  test('go up by one, to the one that this release works at', () => {
    expect(releaseVersions.map(({ level }) => level)).toEqual(Array.from({ length: 24 }, (_, i) => 7 + i));
    expect(releaseVersions.at(-1)?.level).toBe(supportedFeature('metadata.version')?.maxSupportedVersion);
  });

  test.each([
    [7, [0, 0, 0, 0, 0, 0]],
    [21, [1, 0, 0, 0, 0, 0]],
    [24, [1, 2, 1, 0, 0, 0]],
    [26, [1, 2, 1, 1, 0, 0]],
    [30, [1, 2, 1, 1, 1, 1]],
  ])('of level %d begin with features at levels %p', (level, levels) => {
    expect([...featureLevelsAt(level).values()]).toEqual(levels);
  });

  test('have no dependencies, and features have those that Kafka gives them', () => {
    expect(dependenciesOf('metadata.version', 30)).toEqual(new Map());
    expect(dependenciesOf('metadata.version', 31)).toBeUndefined();
    expect(dependenciesOf('eligible.leader.replicas.version', 1)).toEqual(
      new Map([['metadata.version', 23]]),
    );
    expect(dependenciesOf('eligible.leader.replicas.version', 2)).toBeUndefined();
    expect(dependenciesOf('eligible.leader.replicas.version', 0)).toEqual(new Map());
    expect(dependenciesOf('transaction.version', 2)).toEqual(new Map());
    expect(dependenciesOf('constructor', 1)).toBeUndefined();
  });
});
