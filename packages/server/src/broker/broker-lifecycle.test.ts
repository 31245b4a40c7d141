import { BrokerEpoch, BrokerId, silentLogger } from '@kafkaesque/kernel';
import type { Command } from '@kafkaesque/metadata';
import { Scheduler, VirtualClock } from '@kafkaesque/sim';
import type { ControllerDoor } from '../controller/controller-host';
import { BrokerLifecycle } from './broker-lifecycle';

/** A broker, and a controller that knows it but does not let it into service. */
const started = () => {
  const scheduler = new Scheduler();
  const clock = new VirtualClock({ scheduler });
  const asked: string[] = [];
  const submit = (command: Command): Promise<unknown> => {
    if (command.kind !== 'broker-heartbeat')
      return Promise.resolve({ kind: 'done', response: { brokerEpoch: BrokerEpoch(7) }, offset: 7 });
    asked.push(command.wantShutDown ? 'to leave' : 'to serve');
    const response = { isCaughtUp: true, isFenced: true, shouldShutDown: command.wantShutDown };
    return Promise.resolve({ kind: 'done', response, offset: 8 });
  };
  const lifecycle = new BrokerLifecycle({
    nodeId: BrokerId(1),
    clock,
    logger: silentLogger,
    controller: { submit } as unknown as ControllerDoor,
    heartbeatIntervalMs: 500,
    sessionTimeoutMs: 3000,
    registrationTimeoutMs: 60_000,
    metadataOffset: () => 7,
    offlineDirectories: () => [],
  });
  const pass = (ms: number) => scheduler.run({ untilMs: scheduler.nowMs + ms });
  return { lifecycle, asked, scheduler, pass };
};

test('a broker that leaves before it came into service does not ask to serve again', async () => {
  const { lifecycle, asked, scheduler, pass } = started();
  await scheduler.settle(lifecycle.register({ kind: 'register-broker' } as never));
  void lifecycle.enterService();
  await pass(200);
  expect(lifecycle.standing).toBe('fenced');
  await scheduler.settle(lifecycle.leave());
  await pass(2000);
  expect(asked.at(-1)).toBe('to leave');
  expect(lifecycle.standing).toBe('gone');
});
