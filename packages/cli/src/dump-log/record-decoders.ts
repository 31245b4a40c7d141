import { Failure, messageOf } from '@kafkaesque/kernel';
import type { DecodedRecord } from '@kafkaesque/protocol';
import { groupRecordReader, transactionRecordReader } from '../stored-records/coordinator-records';
import type { ReadCoordinatorRecord } from '../stored-records/coordinator-records';

/** Key and payload of a record as they stand in its line; undefined where there is none to show. */
export type RecordDecoder = (record: DecodedRecord) => {
  readonly key: string | undefined;
  readonly payload: string | undefined;
};

/** Records of an internal topic, as Kafka's decoders print them. Fails for a record without a key. */
const coordinatorDecoder =
  (read: ReadCoordinatorRecord): RecordDecoder =>
  ({ key, value, offset }) => {
    if (key === null) {
      throw new Failure(
        'UNREADABLE_RECORD',
        `Failed to decode message at offset ${offset} using the specified decoder (message had a missing key)`,
      );
    }
    try {
      const record = read(key, value);
      if ('unknownType' in record) {
        return {
          key: `Unknown record type ${record.unknownType} at offset ${offset}, skipping.`,
          payload: undefined,
        };
      }
      const { type, key: about, value: content } = record;
      return {
        key: `{"type":"${type}","data":${about}}`,
        payload: content === null ? '<DELETE>' : `{"version":"${content.version}","data":${content.data}}`,
      };
    } catch (error) {
      return { key: `Error at offset ${offset}, skipping. ${messageOf(error)}`, payload: undefined };
    }
  };

/** The decoders that there are, by the option's name. */
export const recordDecoders = {
  'offsets-decoder': () => coordinatorDecoder(groupRecordReader({ opensMembers: true })),
  'transaction-log-decoder': () => coordinatorDecoder(transactionRecordReader()),
} as const satisfies Readonly<Record<string, () => RecordDecoder>>;

/** Keys and values as text. */
export const textDecoder: RecordDecoder = ({ key, value }) => ({
  key: key?.toString(),
  payload: value?.toString(),
});
