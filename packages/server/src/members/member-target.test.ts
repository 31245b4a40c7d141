import type { Channel } from '@kafkaesque/kernel';
import { BrokerId, SeededRandom } from '@kafkaesque/kernel';
import { Scheduler, VirtualClock } from '@kafkaesque/sim';
import type { MemberIdentity, MemberLink } from './member-link';
import { MemberTarget } from './member-target';

const identity = (nodeId: number, incarnationId: string): MemberIdentity => ({
  ...{ clusterId: 'cluster', nodeId: BrokerId(nodeId), directoryId: 'A'.repeat(22), incarnationId },
  ...{ isController: true, isBroker: false },
});

const started = () => {
  const scheduler = new Scheduler();
  const lost: string[] = [];
  const link = { open: () => undefined, close: () => undefined, reset: () => undefined };
  const target = new MemberTarget({
    target: { nodeId: BrokerId(-1), address: { host: 'controllers', port: 9093 } },
    clock: new VirtualClock({ scheduler }),
    random: new SeededRandom(1),
    dial: () => ({}) as Channel,
    link: () => link as unknown as MemberLink,
    lost: ({ nodeId, incarnationId }, how) => lost.push(`${nodeId} ${incarnationId} ${how}`),
  });
  target.dial();
  return { target, lost };
};

describe('whoever is kept a channel to', () => {
  test('is gone when another process of that node answers at its address', () => {
    const { target, lost } = started();
    target.up(identity(1, 'first'));
    target.down({ kind: 'closed' });
    target.up(identity(1, 'second'));
    expect(lost).toEqual(['1 first gone']);
  });

  test('is not gone when another node answers there: several may share an address', () => {
    const { target, lost } = started();
    target.up(identity(1, 'first'));
    target.down({ kind: 'closed' });
    target.up(identity(2, 'other'));
    expect(lost).toEqual([]);
  });
});
