import { silentMetrics } from '@kafkaesque/kernel';
import type { TellValue } from '@kafkaesque/kernel';
import type { MetadataDelta } from '@kafkaesque/metadata';
import { ElectionMeters } from './controller-metrics';

const change = (
  before: { readonly leader: number; readonly isr: readonly number[] } | undefined,
  leader: number,
  eligibleLeaderReplicas: readonly number[] = [],
): MetadataDelta =>
  ({
    topicsChanged: [
      {
        partitions: [{ before: before && { ...before, eligibleLeaderReplicas }, after: { leader } }],
      },
    ],
  }) as unknown as MetadataDelta;

test('only a new leader that was neither in sync nor eligible is an unclean election', () => {
  let read: ((tell: TellValue) => void) | undefined;
  const meters = new ElectionMeters({
    ...silentMetrics,
    observe: (_kind, _name, _help, reader) => (read = reader),
  });
  const unclean = (): number => {
    let told = NaN;
    read?.((value) => (told = value));
    return told;
  };
  meters.changed(change(undefined, 1));
  meters.changed(change({ leader: 1, isr: [1, 2] }, 2));
  meters.changed(change({ leader: 1, isr: [1] }, 1));
  meters.changed(change({ leader: 1, isr: [1] }, -1));
  meters.changed(change({ leader: -1, isr: [] }, 1, [1]));
  expect(unclean()).toBe(0);
  meters.changed(change({ leader: -1, isr: [1] }, 2));
  expect(unclean()).toBe(1);
});
