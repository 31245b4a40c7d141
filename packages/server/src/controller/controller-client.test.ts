import { BrokerEpoch, BrokerId, SeededRandom } from '@kafkaesque/kernel';
import type { Command } from '@kafkaesque/metadata';
import type { MemberMessageDraft } from '@kafkaesque/protocol';
import { Scheduler, VirtualClock } from '@kafkaesque/sim';
import { encodeCommandResponse } from './command-codec';
import { ControllerClient } from './controller-client';
import type { KnownLeader } from './controller-client';

const heartbeat = {
  kind: 'broker-heartbeat',
  brokerId: BrokerId(1),
  brokerEpoch: BrokerEpoch(7),
  currentMetadataOffset: 9,
  wantFence: false,
  wantShutDown: false,
  offlineLogDirs: [],
  standing: { controlledShutdownOffset: undefined, lowestActiveOffset: Infinity },
} as const satisfies Command;

const unregistering = { kind: 'unregister-broker', brokerId: BrokerId(3) } as const satisfies Command;

/** Node 1, which knows who leads, and whose channels bring nothing back. */
const openClient = () => {
  const scheduler = new Scheduler();
  const known: { leader: KnownLeader | undefined } = { leader: { nodeId: BrokerId(2), term: 1 } };
  const sent: { readonly to: number; readonly kind: string }[] = [];
  const client = new ControllerClient({
    nodeId: BrokerId(1),
    clock: new VirtualClock({ scheduler }),
    random: new SeededRandom(1, 'client'),
    local: undefined,
    leader: () => known.leader,
    send: (to, message: MemberMessageDraft) => {
      sent.push({ to, kind: message.kind });
      return {};
    },
    shownOffset: () => 0,
    // Nothing is shown here any more.
    whenApplied: () => new Promise<void>(() => undefined),
  });
  return { client, scheduler, known, sent };
};

test('what was asked of a leader that stands still is asked of the next one at once', async () => {
  const { client, scheduler, known, sent } = openClient();
  const asked = client.submit(heartbeat, { timeoutMs: 3_000 });
  await scheduler.run({ untilMs: 100 });
  known.leader = { nodeId: BrokerId(3), term: 2 };
  client.leaderChanged();
  await scheduler.run({ untilMs: 200 });
  expect(sent).toEqual([
    { to: 2, kind: 'MemberRequest' },
    { to: 3, kind: 'MemberRequest' },
  ]);
  client.close();
  await scheduler.run();
  expect((await asked).kind).toBe('unknown');
});

test('what must not be done twice goes on waiting for the one that was asked', async () => {
  const { client, scheduler, known, sent } = openClient();
  const asked = client.submit(unregistering, { timeoutMs: 3_000 });
  await scheduler.run({ untilMs: 100 });
  known.leader = { nodeId: BrokerId(3), term: 2 };
  client.leaderChanged();
  await scheduler.run({ untilMs: 200 });
  expect(sent).toEqual([{ to: 2, kind: 'MemberRequest' }]);
  client.close();
  await scheduler.run();
  expect((await asked).kind).toBe('unknown');
});

test('a leader that goes on leading is not asked again', async () => {
  const { client, scheduler, sent } = openClient();
  const asked = client.submit(heartbeat, { timeoutMs: 3_000 });
  await scheduler.run({ untilMs: 100 });
  client.leaderChanged();
  await scheduler.run({ untilMs: 200 });
  expect(sent).toHaveLength(1);
  client.close();
  await scheduler.run();
  expect((await asked).kind).toBe('unknown');
});

describe('once the node closes, nothing waits any longer', () => {
  test('for an answer, or for another leader', async () => {
    const { client, scheduler } = openClient();
    const asked = client.submit(heartbeat, { timeoutMs: 3_000 });
    await scheduler.run({ untilMs: 100 });
    client.close();
    expect((await asked).kind).toBe('unknown');
    expect(await scheduler.run()).toBe('idle');
    expect(scheduler.nowMs).toBe(100);
  });

  test('for what was done to be shown here', async () => {
    const { client, scheduler } = openClient();
    const asked = client.submit(unregistering, { timeoutMs: 3_000 });
    await scheduler.run({ untilMs: 100 });
    client.answered(BrokerId(2), {
      ...{ correlationId: 1, outcome: 0, errorCode: 0, errorMessage: null, metadataOffset: 9 },
      body: encodeCommandResponse(unregistering, { errorCode: 0, errorMessage: null }),
    });
    await scheduler.run({ untilMs: 200 });
    client.close();
    expect((await asked).kind).toBe('done');
    expect(await scheduler.run()).toBe('idle');
    expect(scheduler.nowMs).toBe(200);
  });
});
