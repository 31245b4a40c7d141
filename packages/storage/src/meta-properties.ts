import { Failure } from '@kafkaesque/kernel';
import type { BrokerId, Disk, Random } from '@kafkaesque/kernel';
import { readSmallFile, replaceFile } from './small-file';

export const META_PROPERTIES_FILE = 'meta.properties';
const SUPPORTED_VERSION = '1';

/** Whose directory it is; Kafka's `meta.properties`, version 1. */
export interface MetaProperties {
  readonly clusterId: string;
  readonly nodeId: number;
  /** UUID, 22 characters of base64url: tells a replaced disk from the one before (KIP-858). */
  readonly directoryId: string;
}

/** A random UUID, version 4, as 22 characters of base64url. */
export const randomUuid = (random: Random): string => {
  const bytes = random.bytes(16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('base64url');
};

/** Durable on return, and whole or absent after a crash in between. */
export const writeMetaProperties = (disk: Disk, path: string, properties: MetaProperties): Promise<void> =>
  replaceFile(disk, `${path}/${META_PROPERTIES_FILE}`, [
    Buffer.from(
      [
        '#',
        `cluster.id=${properties.clusterId}`,
        `directory.id=${properties.directoryId}`,
        `node.id=${properties.nodeId}`,
        `version=${SUPPORTED_VERSION}`,
        '',
      ].join('\n'),
    ),
  ]);

/** Undefined when the file is missing; `DAMAGED_META_PROPERTIES` or `UNSUPPORTED_FORMAT` when it cannot be used. */
export const readMetaProperties = async (disk: Disk, path: string): Promise<MetaProperties | undefined> => {
  const bytes = await readSmallFile(disk, `${path}/${META_PROPERTIES_FILE}`);
  if (bytes === undefined) return undefined;
  const values = new Map<string, string>();
  for (const line of bytes.toString('utf8').split(/\r?\n/)) {
    const at = line.indexOf('=');
    if (at > 0 && !line.startsWith('#')) values.set(line.slice(0, at).trim(), line.slice(at + 1).trim());
  }
  const damaged = (what: string): Failure =>
    new Failure(
      'DAMAGED_META_PROPERTIES',
      `${path}/${META_PROPERTIES_FILE} ${what}; restore the file (cluster.id, node.id, directory.id, version=1) or, if the directory holds nothing of value, empty it`,
    );
  const version = values.get('version');
  if (version === undefined) throw damaged('says no version');
  if (version !== SUPPORTED_VERSION)
    throw new Failure(
      'UNSUPPORTED_FORMAT',
      `${path}/${META_PROPERTIES_FILE} has version ${version}; this version reads ${SUPPORTED_VERSION} only`,
    );
  const clusterId = values.get('cluster.id');
  const nodeId = Number(values.get('node.id'));
  const directoryId = values.get('directory.id');
  if (clusterId === undefined || clusterId === '') throw damaged('says no cluster.id');
  if (!Number.isInteger(nodeId) || nodeId < 0) throw damaged('says no node.id');
  if (directoryId === undefined || !/^[A-Za-z0-9_-]{22}$/.test(directoryId))
    throw damaged('says no directory.id');
  return { clusterId, nodeId, directoryId };
};

/** Refuses a directory of another cluster or node, and says what can be done. */
export const checkOwner = (
  path: string,
  found: MetaProperties,
  clusterId: string,
  nodeId: BrokerId,
): void => {
  if (found.clusterId !== clusterId)
    throw new Failure(
      'WRONG_CLUSTER_ID',
      `${path} belongs to cluster ${found.clusterId}, and this node is to join ${clusterId}: point log.dirs at this cluster's directory, or format an empty one`,
    );
  if (found.nodeId !== nodeId)
    throw new Failure(
      'WRONG_NODE_ID',
      `${path} belongs to node ${found.nodeId}, and this is node ${nodeId}: set node.id=${found.nodeId}, or point log.dirs at the directory of node ${nodeId}`,
    );
};
