import { SeededRandom } from '@kafkaesque/kernel';
import { applyRecords } from '../delta/apply-records';
import { ExampleCluster } from '../example-cluster';
import type { MetadataRecord } from '../records';
import { emptyImage, stateHash } from './lookups';
import type { MetadataImage } from './metadata-image';
import { recordsOfImage } from './snapshot-records';

const apply = (image: MetadataImage, records: readonly MetadataRecord[]): MetadataImage =>
  applyRecords(image, records, { offset: image.offset + 1, epoch: 1 }).after;

const exampleState = (): MetadataImage => {
  const cluster = new ExampleCluster([{ id: 1, rack: 'a' }, { id: 2 }, { id: 3 }]);
  for (let i = 0; i < 10; i++) cluster.createTopic(`topic.${i}`, 3, 2);
  const change = { name: 'retention.ms', configOperation: 0, value: '5' };
  const resources = ['topic.1', 'topic.2'].map((name) => ({
    resourceType: 2,
    resourceName: name,
    configs: [change],
  }));
  cluster.run({ kind: 'incremental-alter-configs', resources, validateOnly: false });
  return cluster.controller.committed;
};

describe('the hash of the state', () => {
  test('is the same for the same facts in any order and in batches of any size', () => {
    const image = exampleState();
    // A partition needs its topic and the partitions before it; all else may come in any order.
    const groups = new Map<string, MetadataRecord[]>();
    for (const [i, record] of [...recordsOfImage(image)].entries()) {
      const isOfTopic = record.kind === 'TopicRecord' || record.kind === 'PartitionRecord';
      const key = isOfTopic ? record.value.topicId : `other-${i}`;
      groups.set(key, [...(groups.get(key) ?? []), record]);
    }
    for (let seed = 1; seed <= 20; seed++) {
      const random = new SeededRandom(seed, 'hash');
      const left = [...groups.values()];
      let again = emptyImage;
      while (left.length > 0) {
        const count = 1 + random.below(5);
        const batch = Array.from({ length: count }, () => left.splice(random.below(left.length), 1)).flat(2);
        again = apply(again, batch);
      }
      expect([seed, stateHash(again)]).toEqual([seed, stateHash(image)]);
    }
  });

  test('knows every field of every fact', () => {
    const image = exampleState();
    const records = [...recordsOfImage(image)];
    const hashes = new Set([stateHash(image)]);
    let changed = 0;
    for (const [i, record] of records.entries()) {
      for (const variant of variantsOf(record)) {
        const others = records.slice();
        others[i] = variant;
        hashes.add(stateHash(apply(emptyImage, others)));
        changed += 1;
      }
    }
    expect(changed).toBeGreaterThan(350);
    expect(hashes.size).toBe(changed + 1);
  });

  test('comes back when the facts do', () => {
    const before = exampleState();
    const topicId = before.topicIdsByName.get('topic.1')!;
    const ofTopic = [...recordsOfImage(before)].filter(
      ({ value }) =>
        ('topicId' in value && value.topicId === topicId) ||
        ('resourceName' in value && value.resourceName === 'topic.1'),
    );
    expect(ofTopic).toHaveLength(5);
    const without = apply(before, [{ kind: 'RemoveTopicRecord', value: { topicId } }]);
    expect(stateHash(without)).not.toBe(stateHash(before));
    expect(stateHash(apply(without, ofTopic))).toBe(stateHash(before));
  });
});

/** Fields that the image does not keep, or that name what other records refer to. */
const unkept = new Set([
  'isMigratingZkBroker',
  'cordonedLogDirs',
  'zkMigrationReady',
  'partitionId',
  'topicId',
]);

/** The record with one field at a time changed to another value of its type. */
function* variantsOf(record: MetadataRecord): IterableIterator<MetadataRecord> {
  for (const [field, value] of Object.entries(record.value)) {
    const isProducerIdOwner = record.kind === 'ProducerIdsRecord' && field !== 'nextProducerId';
    if (unkept.has(field) || isProducerIdOwner || field === 'resourceType') continue;
    const other = otherThan(value);
    if (other !== undefined)
      yield { ...record, value: { ...record.value, [field]: other } } as MetadataRecord;
  }
}

const otherThan = (value: unknown): unknown => {
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'string') return `${value}x`;
  if (value === null) return '';
  if (!Array.isArray(value)) return undefined;
  const [first] = value as readonly unknown[];
  if (first === undefined) return [7];
  return typeof first === 'object' ? value.slice(1) : [otherThan(first), ...value.slice(1)];
};
