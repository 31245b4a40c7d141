import type { LogFields } from '@kafkaesque/kernel';
import { silentLogger } from '@kafkaesque/kernel';
import { Scheduler, VirtualClock } from '@kafkaesque/sim';
import { seldomLogger } from './seldom-logger';

const started = () => {
  const scheduler = new Scheduler();
  const clock = new VirtualClock({ scheduler });
  const lines: (LogFields | undefined)[] = [];
  const warn = (_: string, fields?: LogFields): void => void lines.push(fields);
  return {
    logger: seldomLogger({ ...silentLogger, warn }, clock),
    lines,
    pass: (ms: number): Promise<unknown> => {
      const untilMs = scheduler.nowMs + ms;
      clock.wakeAt(untilMs, () => undefined);
      return scheduler.run({ untilMs });
    },
  };
};

test('a warning about a node comes once a minute, and tells how often it would have come', async () => {
  const { logger, lines, pass } = started();
  const refusal = (port: number, reason = 'no'): LogFields => ({
    nodeId: 3,
    address: `127.0.0.1:${port}`,
    reason,
  });
  for (let port = 1; port <= 5; port++) logger.warn('refused', refusal(port));
  logger.warn('refused', refusal(6, 'another reason'));
  expect(lines).toEqual([refusal(1), refusal(6, 'another reason')]);
  await pass(60_000);
  logger.warn('refused', refusal(7));
  logger.warn('refused', refusal(8));
  expect(lines.slice(2)).toEqual([{ ...refusal(7), withheld: 4 }]);
});

test('a crowd of others lets the oldest be forgotten, and no more', () => {
  const { logger, lines } = started();
  for (let round = 0; round < 2; round++)
    for (let nodeId = 0; nodeId <= 100; nodeId++) logger.warn('refused', { nodeId, reason: 'no' });
  expect(lines.length).toBe(202);
  for (let nodeId = 2; nodeId <= 100; nodeId++) logger.warn('refused', { nodeId, reason: 'no' });
  expect(lines.length).toBe(202);
});
