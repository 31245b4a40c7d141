import { ErrorCode } from '@kafkaesque/protocol';
import { configOverrides } from '../image/lookups';
import type { ConfigResource, MetadataImage } from '../image/metadata-image';
import type { MetadataRecord } from '../records';
import type { CommandError } from './commands';
import { refused } from './new-partitions';
import type { ElectionContext } from './replication-rules';
import { MIN_INSYNC_REPLICAS, isElrEnabled } from './replication-rules';

/*
 * Eligible replicas are judged by one `min.insync.replicas`, which every broker must know alike (KIP-966): so it is set
 * for the cluster or for a topic while they are kept, and for no single broker.
 */

const isOfBrokers = ({ type }: ConfigResource): boolean => type === 4;

/** Why a value may not be set, or removed, while eligible replicas are kept. */
export const forbiddenMinimum = (
  image: MetadataImage,
  resource: ConfigResource,
  name: string,
  value: string | null,
): CommandError | undefined => {
  if (name !== MIN_INSYNC_REPLICAS || !isOfBrokers(resource) || !isElrEnabled(image)) return undefined;
  if (resource.name !== '')
    return refused(
      ErrorCode.INVALID_CONFIG,
      'Broker-level min.insync.replicas cannot be altered while ELR is enabled.',
    );
  return value === null
    ? refused(
        ErrorCode.INVALID_CONFIG,
        'Cluster-level min.insync.replicas cannot be removed while ELR is enabled.',
      )
    : undefined;
};

/** Who was eligible by another minimum is not any more: what comes with a change of it. */
export const clearedBy = (
  image: MetadataImage,
  resource: ConfigResource,
  names: Iterable<string>,
): readonly MetadataRecord[] => {
  if (!isElrEnabled(image) || ![...names].includes(MIN_INSYNC_REPLICAS)) return [];
  const topicName = resource.type === 2 ? resource.name : '';
  return resource.type === 2 || isOfBrokers(resource)
    ? [{ kind: 'ClearElrRecord', value: { topicName } }]
    : [];
};

/** What makes it safe to begin with keeping them: the cluster has a minimum, and no broker another one. */
export const minimumForAll = ({ image, settings }: ElectionContext): readonly MetadataRecord[] => {
  const record = (resourceName: string, value: string | null): MetadataRecord => ({
    kind: 'ConfigRecord',
    value: { resourceType: 4, resourceName, name: MIN_INSYNC_REPLICAS, value },
  });
  const records: MetadataRecord[] = [];
  if (!configOverrides(image, { type: 4, name: '' }).has(MIN_INSYNC_REPLICAS)) {
    const { minInsyncReplicas } = settings.configs.replication(new Map(), new Map());
    records.push(record('', String(minInsyncReplicas)));
  }
  for (const { resource, values } of image.configs.values())
    if (isOfBrokers(resource) && resource.name !== '' && values.has(MIN_INSYNC_REPLICAS))
      records.push(record(resource.name, null));
  return records;
};
