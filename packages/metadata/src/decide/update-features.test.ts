import { BrokerId } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import { ExampleCluster, exampleQuorum } from '../example-cluster';
import { registeredFeatures, supportedFeatures } from '../features';
import { featureLevel } from '../image/lookups';
import type { UpdateFeaturesCommand } from './commands';
import type { Decision } from './decision';
import type { QuorumView } from './quorum-view';

type Update = UpdateFeaturesCommand['updates'][number];

const update = (feature: string, maxVersionLevel: number, upgradeType = 1): Update => ({
  feature,
  maxVersionLevel,
  upgradeType,
});

const decide = (
  cluster: ExampleCluster,
  updates: readonly Update[],
  validateOnly = false,
): Decision<unknown> => cluster.decide({ kind: 'update-features', updates, validateOnly });

const refusedWith = (errorMessage: string) => ({
  kind: 'refused',
  errorCode: ErrorCode.INVALID_UPDATE_VERSION,
  errorMessage: `The update failed for all features since the following feature had an error: ${errorMessage}`,
});

/** A quorum whose voters may change, once its members agree. */
const changing: QuorumView = { ...exampleQuorum, supportedKraftVersions: { min: 0, max: 1 } };
const clusterOf = (quorum: QuorumView): ExampleCluster => {
  const cluster = new ExampleCluster([], quorum);
  cluster.start(1, { features: registeredFeatures(quorum) });
  return cluster;
};

describe('feature levels', () => {
  test('of a new cluster are those of this release, written once', () => {
    const cluster = new ExampleCluster([]);
    expect(featureLevel(cluster.controller.committed, 'metadata.version')).toBe(30);
    expect(featureLevel(cluster.controller.committed, 'kafkaesque.version')).toBe(1);
    expect(featureLevel(cluster.controller.committed, 'group.version')).toBe(0);
    expect(cluster.decide({ kind: 'bootstrap', features: new Map() })).toMatchObject({ records: [] });
  });

  test.each([
    [update('nope', 1), 'Local controller 1 does not support this feature.'],
    [update('nope', 0), 'Feature nope not found.'],
    [update('metadata.version', 99), 'Local controller 1 only supports versions 30'],
    [update('metadata.version', 29, 3), 'Local controller 1 only supports versions 30'],
    [update('kafkaesque.version', 0, 2), 'Local controller 1 only supports versions 1'],
    [update('kafkaesque.version', -1), 'A feature version cannot be less than 0.'],
    [update('kafkaesque.version', 1, 9), 'The controller does not support the given upgrade type.'],
    [update('kraft.version', 1), 'Local controller 1 does not support this feature.'],
  ])('refuse %p', (one, why) => {
    expect(decide(new ExampleCluster(), [one])).toEqual(
      refusedWith(`Invalid update version ${one.maxVersionLevel} for feature ${one.feature}. ${why}`),
    );
  });

  test('that are the present ones decide nothing', () => {
    const updates = [update('metadata.version', 30), update('kafkaesque.version', 1, 2)];
    const results = updates.map(({ feature }) => ({ feature, errorCode: 0, errorMessage: null }));
    expect(decide(new ExampleCluster(), updates)).toEqual({
      kind: 'decided',
      records: [],
      response: { results },
    });
  });

  test('are refused all together when one is', () => {
    const updates = [update('kraft.version', 1), update('nope', 1)];
    expect(decide(clusterOf(changing), updates)).toMatchObject({
      errorMessage: expect.stringContaining('feature nope. Local controller 1'),
    });
  });
});

describe('the version of the quorum', () => {
  test('goes up by a record of the quorum’s own, with one behind it to wait for', () => {
    const decision = decide(clusterOf(changing), [update('kraft.version', 1)]);
    expect(decision).toMatchObject({
      kind: 'decided',
      kraftVersion: 1,
      records: [{ kind: 'NoOpRecord', value: {} }],
    });
    const validated = decide(clusterOf(changing), [update('kraft.version', 1)], true);
    expect(validated).toMatchObject({ kind: 'decided', records: [] });
    expect(validated).not.toHaveProperty('kraftVersion');
  });

  test('does not go down, and stays when it is there', () => {
    const raised = { ...changing, kraftVersion: 1 };
    expect(decide(clusterOf(raised), [update('kraft.version', 1)])).not.toHaveProperty('kraftVersion');
    const prefix = 'Invalid update version 0 for feature kraft.version. ';
    expect(decide(clusterOf(raised), [update('kraft.version', 0, 2)])).toEqual(
      refusedWith(`${prefix}Can't downgrade the version of this feature.`),
    );
    expect(decide(clusterOf(raised), [update('kraft.version', 0)])).toEqual(
      refusedWith(
        `${prefix}Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe ` +
          'downgrade.',
      ),
    );
    expect(decide(clusterOf(changing), [update('kraft.version', 1, 2)])).toEqual(
      refusedWith("Invalid update version 1 for feature kraft.version. Can't downgrade to a newer version."),
    );
  });

  test('waits for every broker, every controller and every voter', () => {
    const voterIds = [1, 2].map(BrokerId);
    const cluster = new ExampleCluster([{ id: 7 }], { ...changing, voterIds });
    const attempt = (): Decision<unknown> => decide(cluster, [update('kraft.version', 1)]);
    const why = (reason: string) =>
      refusedWith(`Invalid update version 1 for feature kraft.version. ${reason}`);
    expect(attempt()).toEqual(why('Broker 7 does not support this feature.'));
    cluster.start(7, { features: registeredFeatures(changing) });
    expect(attempt()).toEqual(why('controller 2 has not registered, and may not support this feature'));
    const register = (features: typeof supportedFeatures | ReturnType<typeof registeredFeatures>): void => {
      cluster.run({
        kind: 'register-controller',
        controllerId: BrokerId(2),
        incarnationId: 'x'.repeat(22),
        listeners: [],
        features,
      });
    };
    register(supportedFeatures);
    expect(attempt()).toEqual(why('Controller 2 does not support this feature.'));
    register(registeredFeatures(changing));
    expect(attempt()).toMatchObject({ kraftVersion: 1 });
  });

  test('is refused in the quorum’s own words', () => {
    const refusesKraftVersion = (level: number): string => `Invalid upgrade of kraft.version to ${level}`;
    expect(decide(clusterOf({ ...changing, refusesKraftVersion }), [update('kraft.version', 1)])).toEqual(
      refusedWith('Invalid upgrade of kraft.version to 1'),
    );
  });
});
