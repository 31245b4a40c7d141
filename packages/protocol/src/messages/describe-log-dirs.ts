import { array, bool, int16, int32, int64, string, wideInt64 } from '../schema/field';
import { message, type Infer } from '../schema/message';

/**
 * v2 flexible · v3 top-level error · v4 total and usable bytes (KIP-827) · v5 cordoned
 * directories (KIP-1066).
 */
export const DescribeLogDirsRequest = message({
  name: 'DescribeLogDirsRequest',
  versions: '1-5',
  flexible: '2+',
  fields: {
    topics: array({
      topic: string,
      partitions: array(int32),
    }).nullable(),
  },
});
export type DescribeLogDirsRequest = Infer<typeof DescribeLogDirsRequest>;

export const DescribeLogDirsResponse = message({
  name: 'DescribeLogDirsResponse',
  versions: '1-5',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32.default(0),
    errorCode: int16.versions('3+').ignorable(),
    results: array({
      errorCode: int16,
      logDir: string,
      topics: array({
        name: string,
        partitions: array({
          partitionIndex: int32,
          partitionSize: int64,
          offsetLag: int64,
          isFutureKey: bool,
        }),
      }),
      totalBytes: wideInt64.versions('4+').default(-1).ignorable(),
      usableBytes: wideInt64.versions('4+').default(-1).ignorable(),
      isCordoned: bool.versions('5+').default(false).ignorable(),
    }),
  },
});
export type DescribeLogDirsResponse = Infer<typeof DescribeLogDirsResponse>;
