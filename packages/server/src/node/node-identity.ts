import type { BrokerId, Disk, Random } from '@kafkaesque/kernel';
import { Failure } from '@kafkaesque/kernel';
import { checkOwner, randomUuid, readMetaProperties, writeMetaProperties } from '@kafkaesque/storage';
import type { BrokerConfiguration } from '../configuration';
import type { Acquaintance } from '../members/acquaintance';
import { clusterIdentity } from './cluster-identity';

/** As directory id of a broker that is no controller. */
export const NO_DIRECTORY = 'A'.repeat(22);

/**
 * Whether this node is the only controller there will be: it needs no formatting. Others join a quorum, and must be
 * told beforehand which.
 */
export const isAlone = ({ nodeId, roles, quorum }: BrokerConfiguration): boolean =>
  roles.includes('broker') &&
  roles.includes('controller') &&
  quorum.length <= 1 &&
  quorum.every((member) => member.nodeId === undefined || member.nodeId === nodeId);

/** The directories of a node, each once. */
export const directoriesOf = ({ roles, logDirs, metadataLogDir }: BrokerConfiguration): readonly string[] => [
  ...new Set([...(roles.includes('broker') ? logDirs : []), metadataLogDir]),
];

/**
 * The cluster that this node's directories name; a node alone draws one where they name none. Rejects with a Failure
 * `NOT_FORMATTED`, `WRONG_CLUSTER_ID`, `WRONG_NODE_ID`, or those of `readMetaProperties`.
 */
export const nodeClusterId = async (
  configuration: BrokerConfiguration,
  nodeId: BrokerId,
  { disk, random }: { readonly disk: Disk; readonly random: Random },
): Promise<string> => {
  const { metadataLogDir } = configuration;
  const clusterId = await clusterIdentity(
    disk,
    random,
    directoriesOf(configuration),
    configuration.clusterId,
    (directory) => directory === metadataLogDir,
  );
  if (isAlone(configuration)) return clusterId;
  const properties = await readMetaProperties(disk, metadataLogDir);
  if (properties === undefined)
    throw new Failure(
      'NOT_FORMATTED',
      `No \`meta.properties\` found in ${metadataLogDir} (have you run \`kafka-storage.sh\` to format the directory?). ` +
        'A node of a quorum must know its cluster before it starts: run `kafkaesque storage format --cluster-id ID ' +
        '--config FILE`, with the same ID on every node.',
    );
  checkOwner(metadataLogDir, properties, clusterId, nodeId);
  return clusterId;
};

/** The id of a metadata log directory that is no log directory; of a node alone it may be new. */
export const metadataDirectoryId = async (
  disk: Disk,
  random: Random,
  path: string,
  owner: { readonly clusterId: string; readonly nodeId: BrokerId },
): Promise<string> => {
  const properties = await readMetaProperties(disk, path);
  if (properties !== undefined) {
    checkOwner(path, properties, owner.clusterId, owner.nodeId);
    return properties.directoryId;
  }
  const directoryId = randomUuid(random);
  await writeMetaProperties(disk, path, { ...owner, directoryId });
  return directoryId;
};

/** Rejects with a Failure `WRONG_CLUSTER_ID` when all that a node meets where its cluster should be are of another one. */
export const refuseForeigners = async (
  acquaintance: Acquaintance,
  metadataLogDir: string,
  clusterId: string,
): Promise<void> => {
  const foreigner = await acquaintance.made();
  if (foreigner === undefined) return;
  throw new Failure(
    'WRONG_CLUSTER_ID',
    `${metadataLogDir}/meta.properties says that this node belongs to cluster ${clusterId}, but the member at ` +
      `${foreigner.address} belongs to cluster ${foreigner.clusterId}. Correct controller.quorum.bootstrap.servers ` +
      '(or controller.quorum.voters); or, if this node is to be of that cluster, move its directories away and run ' +
      `\`kafkaesque storage format --cluster-id ${foreigner.clusterId} --config FILE\`.`,
  );
};
