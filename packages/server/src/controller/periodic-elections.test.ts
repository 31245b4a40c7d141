import { silentLogger } from '@kafkaesque/kernel';
import { Scheduler, VirtualClock } from '@kafkaesque/sim';
import type { BrokerConfiguration } from '../configuration';
import { PeriodicElections, periodicElections } from './periodic-elections';

const configuration = (rebalances: boolean): Pick<BrokerConfiguration, 'get'> => ({
  get: (name) =>
    ({
      'auto.leader.rebalance.enable': rebalances,
      'leader.imbalance.check.interval.seconds': 300,
      'leader.imbalance.per.broker.percentage': 10,
      'unclean.leader.election.interval.ms': 200_000,
    })[name] ?? null,
});

const start = (rebalances = true) => {
  const scheduler = new Scheduler();
  const submitted: string[] = [];
  const elections = new PeriodicElections({
    clock: new VirtualClock({ scheduler }),
    logger: silentLogger,
    elections: periodicElections(configuration(rebalances)),
    submit: ({ kind }) => {
      submitted.push(`${kind} ${scheduler.nowMs / 1000}`);
      return Promise.resolve({ kind: 'done', response: { elections: 0 }, offset: 1 });
    },
  });
  const untilSeconds = async (seconds: number): Promise<readonly string[]> => {
    // Virtual time passes from event to event.
    scheduler.at(seconds * 1000, 'look', () => undefined);
    await scheduler.run({ untilMs: seconds * 1000 });
    return submitted.splice(0);
  };
  return { elections, untilSeconds };
};

describe('the elections of an active controller', () => {
  test('come at their intervals, as long as it is active', async () => {
    const { elections, untilSeconds } = start();
    elections.begin();
    expect(await untilSeconds(450)).toEqual([
      'elect-unclean-leaders 200',
      'balance-leaders 300',
      'elect-unclean-leaders 400',
    ]);
    elections.end();
    expect(await untilSeconds(2000)).toEqual([]);
    elections.begin();
    expect(await untilSeconds(2250)).toEqual(['elect-unclean-leaders 2200']);
  });

  test('leave leaders where they are when that is configured', async () => {
    const { elections, untilSeconds } = start(false);
    elections.begin();
    expect(await untilSeconds(700)).not.toContain('balance-leaders 300');
  });

  test('come at once when something has changed, and only while it is active', async () => {
    const { elections, untilSeconds } = start();
    elections.now('elect-unclean-leaders');
    expect(await untilSeconds(100)).toEqual([]);
    elections.begin();
    elections.now('elect-unclean-leaders');
    expect(await untilSeconds(350)).toEqual(['elect-unclean-leaders 100', 'elect-unclean-leaders 300']);
  });
});
