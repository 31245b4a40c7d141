import type { Fields } from '@kafkaesque/protocol';
import { DescribeClusterResponse, FetchResponse, MetadataResponse, apis } from '@kafkaesque/protocol';
import { ErrorCounts } from './error-counts';

const metOf = (counts: ErrorCounts): Readonly<Record<string, number>> => Object.fromEntries(counts.met());

test('counts the error of the response and that of every part, NONE included', () => {
  const counts = new ErrorCounts(FetchResponse.fields);
  counts.count({
    errorCode: 0,
    responses: [{ partitions: [{ errorCode: 1 }, { errorCode: 0 }] }, { partitions: [{ errorCode: 1 }] }],
  });
  counts.count({ errorCode: 70, responses: [] });
  expect(metOf(counts)).toEqual({ NONE: 2, OFFSET_OUT_OF_RANGE: 2, FETCH_SESSION_ID_NOT_FOUND: 1 });
});

test('what a response leaves out is its default, and an unknown code is an unknown error', () => {
  const counts = new ErrorCounts(MetadataResponse.fields);
  counts.count({ topics: [{ errorCode: 3, partitions: null }, { errorCode: -1 }] });
  expect(metOf(counts)).toEqual({ NONE: 1, UNKNOWN_SERVER_ERROR: 1, UNKNOWN_TOPIC_OR_PARTITION: 1 });
  const cluster = new ErrorCounts(DescribeClusterResponse.fields);
  cluster.count({ errorCode: 32000 });
  expect(metOf(cluster)).toEqual({ UNKNOWN_SERVER_ERROR: 1 });
});

test('every API has an error code somewhere in its response', () => {
  const without = Object.entries(apis)
    .filter(([, { response }]) => {
      const counts = new ErrorCounts(response.fields);
      counts.count(filled(response.fields));
      return metOf(counts)['NONE'] === undefined;
    })
    .map(([name]) => name);
  expect(without).toEqual([]);
});

/** A response with one item in every array. */
const filled = (fields: Fields): object =>
  Object.fromEntries(
    Object.entries(fields).map(([name, { facts }]) => {
      const item = facts.type.kind === 'array' ? facts.type.item : facts.type;
      const value = item.kind === 'struct' ? filled(item.fields) : 0;
      return [name, facts.type.kind === 'array' ? [value] : value];
    }),
  );
