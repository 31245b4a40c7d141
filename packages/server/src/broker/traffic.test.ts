import type { TellValue, TopicId } from '@kafkaesque/kernel';
import { silentMetrics } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import { MAX_TOLD_TOPICS, Traffic } from './traffic';

/** Traffic with a reading of one of its families: values by topic, that of the broker under ''. */
const openTraffic = () => {
  const readers = new Map<string, (tell: TellValue) => void>();
  const traffic = new Traffic({
    ...silentMetrics,
    observe: (_kind, name, _help, read) => readers.set(name, read),
  });
  const read = (name: string): ReadonlyMap<string, number> => {
    const values = new Map<string, number>();
    readers.get(`kafka_server_brokertopicmetrics_${name}_total`)?.((value, labels) => {
      values.set(labels?.['topic'] ?? '', value);
    });
    return values;
  };
  return { traffic, read };
};
const id = (name: string): TopicId => name as TopicId;

test('a broker with many topics tells the traffic of the first of them, and the sum of all', () => {
  const { traffic, read } = openTraffic();
  for (let i = 0; i < MAX_TOLD_TOPICS + 5; i++) traffic.of(id(`t${i}`), `t${i}`).fetched(10);
  const values = read('bytesout');
  expect(values.size).toBe(MAX_TOLD_TOPICS + 1);
  expect(values.get('')).toBe((MAX_TOLD_TOPICS + 5) * 10);
});

test('a topic that was deleted and created again begins anew, the broker’s counts go on', () => {
  const { traffic, read } = openTraffic();
  traffic.of(id('first'), 't').fetched(10);
  traffic.forget(id('first'));
  traffic.of(id('second'), 't').fetched(1);
  expect([...read('bytesout')]).toEqual([
    ['', 11],
    ['t', 1],
  ]);
});

test.each([
  { error: 'MESSAGE_TOO_LARGE', failed: 0, rejected: 7 },
  { error: 'CORRUPT_MESSAGE', failed: 0, rejected: 0 },
  { error: 'NOT_LEADER_OR_FOLLOWER', failed: 0, rejected: 0 },
  { error: 'OUT_OF_ORDER_SEQUENCE_NUMBER', failed: 1, rejected: 0 },
  { error: 'INVALID_TIMESTAMP', failed: 1, rejected: 0 },
] as const)('a produce refused with $error', ({ error, failed, rejected }) => {
  const { traffic, read } = openTraffic();
  traffic.of(id('t'), 't').produceRefused({ error: ErrorCode[error], flaw: undefined, recordErrors: [] }, 7);
  expect(read('failedproducerequests').get('t')).toBe(failed);
  expect(read('bytesrejected').get('t')).toBe(rejected);
});

test.each([
  { flaw: 'magic', name: 'invalidmagicnumberrecords', wrong: 0, counted: 1 },
  { flaw: 'checksum', name: 'invalidmessagecrcrecords', wrong: 0, counted: 1 },
  { flaw: 'offset or sequence', name: 'invalidoffsetorsequencerecords', wrong: 0, counted: 1 },
  { flaw: 'no key', name: 'nokeycompactedtopicrecords', wrong: 3, counted: 3 },
] as const)('a batch refused for its $flaw counts $counted, for the broker alone', (one) => {
  const { traffic, read } = openTraffic();
  const recordErrors = Array.from({ length: one.wrong }, (_, batchIndex) => ({
    batchIndex,
    batchIndexErrorMessage: 'no key',
  }));
  traffic
    .of(id('t'), 't')
    .produceRefused({ error: ErrorCode.INVALID_RECORD, flaw: one.flaw, recordErrors }, 7);
  expect([...read(one.name)]).toEqual([['', one.counted]]);
});
