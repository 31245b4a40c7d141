import { encodeGroupRecord } from '@kafkaesque/protocol';
import type { DecodedRecord, GroupRecord } from '@kafkaesque/protocol';
import { recordDecoders, textDecoder } from './record-decoders';

const record = (key: Buffer | null, value: Buffer | null): DecodedRecord =>
  ({ offset: 4, timestampMs: 1, key, value, headers: [] }) as unknown as DecodedRecord;

const group = (value: Extract<GroupRecord, { kind: 'ConsumerGroupMetadata' }>['value']): DecodedRecord => {
  const stored = encodeGroupRecord({ kind: 'ConsumerGroupMetadata', key: { groupId: 'g' }, value });
  return record(stored.key, stored.value);
};

describe('the decoders of dump-log', () => {
  const decode = recordDecoders['offsets-decoder']();

  test('print type and version as texts, and a deletion as one', () => {
    expect(decode(group({ epoch: 3, metadataHash: 0 }))).toEqual({
      key: '{"type":"3","data":{"groupId":"g"}}',
      payload: '{"version":"0","data":{"epoch":3}}',
    });
    expect(decode(group(null))).toMatchObject({ payload: '<DELETE>' });
  });

  test('go on after what they cannot read', () => {
    expect(decode(record(Buffer.from([0, 77]), null))).toEqual({
      key: 'Unknown record type 77 at offset 4, skipping.',
      payload: undefined,
    });
    const torn = group({ epoch: 3, metadataHash: 0 });
    expect(decode({ ...torn, value: torn.value?.subarray(0, 4) ?? null })).toEqual({
      key: 'Error at offset 4, skipping. the record ends before its fields do',
      payload: undefined,
    });
    expect(() => decode(record(null, null))).toThrow(
      'Failed to decode message at offset 4 using the specified decoder (message had a missing key)',
    );
  });

  test('are none where nothing was asked for: keys and values are texts', () => {
    expect(textDecoder(record(null, Buffer.from('v')))).toEqual({ key: undefined, payload: 'v' });
  });
});
