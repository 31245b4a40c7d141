import { Offset, TopicId, hasCode } from '@kafkaesque/kernel';
import {
  ApiVersionsRequest,
  FetchRequest,
  MetadataRequest,
  OffsetCommitRequest,
  RequestHeader,
  ShareAcknowledgeRequest,
  type Message,
} from '../index';
import { array, int64, string, struct } from './field';
import { message } from './message';
import { MAX_OBJECTS_IN_REQUEST } from './read';

/** Rows B5 to B7 of the bad-input matrix: what a decoder must refuse before it costs anything. */

const refuses = (message: Message, version: number, bytes: Buffer): boolean => {
  try {
    message.decode(bytes, version);
    return false;
  } catch (error) {
    if (hasCode(error, 'INVALID_REQUEST')) return true;
    throw error;
  }
};
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('array counts', () => {
  test.each([
    ['negative beyond null', 'fffffffe'],
    ['the smallest int32', '80000000'],
    ['the largest int32', '7fffffff'],
    ['one more than the bytes that are left', '00000002 0001 61'],
  ])('refuses a count that is %s', (_, bytes) => {
    expect(refuses(MetadataRequest, 0, hex(bytes))).toBe(true);
  });

  test('refuses a compact count of four thousand million', () => {
    expect(refuses(MetadataRequest, 12, hex('ffffffff0f 000000 00'))).toBe(true);
  });

  test('bounds a count by the smallest size of an item', () => {
    // Three names take at least two bytes each, so five bytes cannot hold them.
    expect(refuses(MetadataRequest, 0, hex('00000003 0000 0000 00'))).toBe(true);
    expect(MetadataRequest.decode(hex('00000003 0000 0000 0000'), 0).topics).toHaveLength(3);
  });

  test('knows that a null struct takes one byte, however long the struct is', () => {
    const Pairs = message({
      name: 'Pairs',
      versions: '0',
      flexible: '0+',
      fields: { pairs: array({ pair: struct({ left: int64, right: int64 }).nullable() }) },
    });
    const value = { pairs: [{ pair: null }, { pair: null }, { pair: null }] };
    expect(Pairs.decode(Pairs.encode(value, 0), 0)).toEqual(value);
  });

  test('refuses null where the version does not allow it, and reads it where it does', () => {
    expect(refuses(MetadataRequest, 0, hex('ffffffff'))).toBe(true);
    expect(MetadataRequest.decode(hex('ffffffff'), 1).topics).toBeNull();
  });

  test('refuses a request that makes more objects than the budget, although all its bytes are there', () => {
    const request = (types: number): Buffer => {
      const batch = {
        firstOffset: Offset(0),
        lastOffset: Offset(1),
        acknowledgeTypes: new Array<number>(types).fill(1),
      };
      const partitions = [{ partitionIndex: 0, acknowledgementBatches: [batch] }];
      const topics = [{ topicId: TopicId('A'.repeat(22)), partitions }];
      return ShareAcknowledgeRequest.encode({ memberId: 'm', shareSessionEpoch: 1, topics }, 1);
    };
    expect(refuses(ShareAcknowledgeRequest, 1, request(MAX_OBJECTS_IN_REQUEST))).toBe(true);
    expect(refuses(ShareAcknowledgeRequest, 1, request(1000))).toBe(false);
  });
});

describe('tagged fields', () => {
  const header = '0012 0003 00000007 ffff';
  const unknownTags = (count: number): string =>
    Array.from({ length: count }, (_, tag) => Buffer.from([tag, 0]).toString('hex')).join('');

  test('skips unknown ones up to the limit', () => {
    expect(RequestHeader.decode(hex(`${header} 40 ${unknownTags(64)}`), 2).correlationId).toBe(7);
    expect(refuses(RequestHeader, 2, hex(`${header} 41 ${unknownTags(65)}`))).toBe(true);
  });

  test.each([
    ['twenty million of them in a few bytes', '80ade204 0000'],
    ['a repeated tag', '02 0500 0500'],
    ['tags out of order', '02 0500 0400'],
    ['a size beyond the end', '01 0505 00'],
    ['a count without tags', '01'],
  ])('refuses %s', (_, tags) => {
    expect(refuses(RequestHeader, 2, hex(`${header} ${tags}`))).toBe(true);
  });

  test('refuses a known tag whose size is not that of its value', () => {
    const bytes = FetchRequest.encode(
      { clusterId: 'abc', maxWaitMs: 0, minBytes: 0, topics: [], forgottenTopicsData: [] },
      12,
    );
    const sizeAt = bytes.indexOf('abc') - 2;
    expect(bytes[sizeAt]).toBe(4);
    for (const size of [3, 5]) {
      const wrong = Buffer.concat([bytes, Buffer.alloc(1)]);
      wrong[sizeAt] = size;
      expect(refuses(FetchRequest, 12, wrong)).toBe(true);
    }
  });
});

describe('varints and lengths', () => {
  const nameWith = (length: string): Buffer => hex(`${length} 6162 02 61 00`);

  test.each([
    ['six bytes', '808080808001'],
    ['five bytes with bits beyond the 32nd', 'ffffffff1f'],
    ['five bytes that go on', '8080808080'],
    ['a length beyond the end', 'ffffffff0f'],
    ['null for a text that must be there', '00'],
  ])('refuses a compact length of %s', (_, length) => {
    expect(refuses(ApiVersionsRequest, 3, nameWith(length))).toBe(true);
  });

  test('reads a length in more bytes than it needs, as Kafka does', () => {
    expect(ApiVersionsRequest.decode(nameWith('8300'), 3).clientSoftwareName).toBe('ab');
  });

  test.each(['fffe', '8000', '7fff'])('refuses a 16-bit length of 0x%s', (length) => {
    expect(refuses(RequestHeader, 1, hex(`0012 0000 00000007 ${length} 61`))).toBe(true);
  });

  describe('a text of a request has 32,767 bytes at most, however its length is written', () => {
    const commit = (committedMetadata: Buffer): Buffer => {
      const partitions = [{ partitionIndex: 0, committedOffset: Offset(1), committedMetadata: 'metadata' }];
      const topics = [{ name: 't', partitions }];
      const bytes = OffsetCommitRequest.encode({ groupId: 'g', memberId: '', topics }, 9);
      const at = bytes.indexOf('metadata');
      return Buffer.concat([
        bytes.subarray(0, at - 1),
        uvarint(committedMetadata.length + 1),
        committedMetadata,
        bytes.subarray(at + 8),
      ]);
    };
    const uvarint = (value: number): Buffer =>
      Buffer.from([(value & 0x7f) | 0x80, ((value >> 7) & 0x7f) | 0x80, value >> 14]);
    const metadataOf = (bytes: Buffer): string | null | undefined =>
      OffsetCommitRequest.decode(bytes, 9).topics[0]?.partitions[0]?.committedMetadata;

    test('as long as that it is read', () => {
      expect(metadataOf(commit(Buffer.alloc(32_767, 'x')))).toBe('x'.repeat(32_767));
      expect(metadataOf(commit(Buffer.from('ж'.repeat(16_383))))).toBe('ж'.repeat(16_383));
    });

    test('longer, it is refused, and not written either', () => {
      expect(refuses(OffsetCommitRequest, 9, commit(Buffer.alloc(32_768, 'x')))).toBe(true);
      const partitions = [
        { partitionIndex: 0, committedOffset: Offset(1), committedMetadata: 'x'.repeat(32_768) },
      ];
      expect(() =>
        OffsetCommitRequest.encode({ groupId: 'g', memberId: '', topics: [{ name: 't', partitions }] }, 9),
      ).toThrow('committedMetadata cannot be a text of 32768 bytes');
    });

    test.each([
      ['in a compact text', (bad: Buffer) => refuses(OffsetCommitRequest, 9, commit(bad))],
      [
        'behind 16 bits',
        (bad: Buffer) => {
          const length = Buffer.from([bad.length >> 8, bad.length & 0xff]);
          return refuses(MetadataRequest, 0, Buffer.concat([hex('00000001'), length, bad]));
        },
      ],
    ])('what bad UTF-8 makes longer could not be told in an answer: it is refused %s', (_, isRefused) => {
      expect(isRefused(Buffer.alloc(10_922, 0xff))).toBe(false);
      expect(isRefused(Buffer.alloc(10_923, 0xff))).toBe(true);
    });

    test('answers and what is stored may have longer ones', () => {
      const Stored = message({ name: 'Stored', versions: '0', flexible: '0+', fields: { text: string } });
      const value = { text: 'x'.repeat(100_000) };
      expect(Stored.decode(Stored.encode(value, 0), 0)).toEqual(value);
    });
  });

  test('an int64 beyond 2^53 is refused, unless the field only means that something is huge', () => {
    const partition = {
      partition: 0,
      fetchOffset: Offset(5),
      partitionMaxBytes: 1,
      highWatermark: Offset(6),
    };
    const topics = [{ topicId: TopicId('B'.repeat(21) + 'A'), partitions: [partition] }];
    const bytes = FetchRequest.encode({ maxWaitMs: 0, minBytes: 0, topics, forgottenTopicsData: [] }, 18);
    const huge = hex('4000000000000000');
    const replaced = (value: string): Buffer => {
      const changed = Buffer.from(bytes);
      huge.copy(changed, bytes.indexOf(hex(value)));
      return changed;
    };
    expect(refuses(FetchRequest, 18, replaced('0000000000000005'))).toBe(true);
    const read = FetchRequest.decode(replaced('0000000000000006'), 18);
    expect(read.topics[0]?.partitions[0]?.highWatermark).toBe(Number.MAX_SAFE_INTEGER);
  });
});
