import { BrokerEpoch } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import { isReservedDirectory } from '../image/directory-id';
import { NO_BROKER_EPOCH, brokerById, featureLevel, registeredBrokers } from '../image/lookups';
import type { BrokerImage, PartitionImage } from '../image/metadata-image';
import type { MetadataRecord } from '../records';
import type { CommandError, RegisterBrokerCommand } from './commands';
import type { Decision, DecisionContext } from './decision';
import type { BrokerChange } from './elections';
import { electionsThen } from './elections';
import { endpointsOf, featuresOf } from './registrations';
import { refused } from './new-partitions';

const invalidDirectories = (
  command: RegisterBrokerCommand,
  { image }: DecisionContext,
): string | undefined => {
  const { logDirs, brokerId } = command;
  if (logDirs.length === 0) return 'No directories specified in request';
  if (logDirs.some(isReservedDirectory)) return 'Reserved directory ID in request';
  if (new Set(logDirs).size !== logDirs.length) return 'Duplicate directory ID in request';
  for (const other of registeredBrokers(image)) {
    const shared = logDirs.find(
      (directory) => other.brokerId !== brokerId && other.directories.includes(directory),
    );
    if (shared !== undefined)
      return `Broker ${other.brokerId} is already registered with directory ${shared}`;
  }
  return undefined;
};

/** Every finalized level must lie within what the broker can do; a feature it does not name it has at level 0 only. */
const featureRefusal = (
  { features }: RegisterBrokerCommand,
  { image }: DecisionContext,
): CommandError | undefined => {
  const unsupported = (name: string, min: number, max: number): CommandError | undefined => {
    const level = featureLevel(image, name);
    if (level >= min && level <= max) return undefined;
    return refused(
      ErrorCode.UNSUPPORTED_VERSION,
      `Unable to register because the broker does not support finalized version ${level} of ${name}. The broker ` +
        `wants a version between ${min} and ${max}, inclusive.`,
    );
  };
  for (const { name, minSupportedVersion, maxSupportedVersion } of features) {
    const error = unsupported(name, minSupportedVersion, maxSupportedVersion);
    if (error !== undefined) return error;
  }
  const named = new Set(features.map(({ name }) => name));
  if (!named.has('metadata.version'))
    return refused(ErrorCode.INVALID_REGISTRATION, "Request features do not contain 'metadata.version'");
  for (const name of image.features.keys()) {
    const error = named.has(name) ? undefined : unsupported(name, 0, 0);
    if (error !== undefined) return error;
  }
  return undefined;
};

const refusal = (
  command: RegisterBrokerCommand,
  existing: BrokerImage | undefined,
  context: DecisionContext,
): CommandError | undefined => {
  const { clusterId } = context.settings;
  if (command.clusterId !== clusterId)
    return refused(
      ErrorCode.INCONSISTENT_CLUSTER_ID,
      `Expected cluster ID ${clusterId}, but got cluster ID ${command.clusterId}`,
    );
  if (
    existing !== undefined &&
    existing.incarnationId !== command.incarnationId &&
    command.otherIncarnationAlive === true
  )
    return refused(
      ErrorCode.DUPLICATE_BROKER_REGISTRATION,
      'Another broker is registered with that broker id. If the broker was recently restarted this should ' +
        "self-resolve once the heartbeat manager expires the broker's session.",
    );
  const directories = invalidDirectories(command, context);
  if (directories !== undefined) return refused(ErrorCode.INVALID_REGISTRATION, directories);
  return featureRefusal(command, context);
};

/**
 * The epoch that the broker shows, if it is the one it served in last; -1 otherwise. A registration that was never in
 * service has changed nothing, and the broker may have died before it recorded that epoch: the one before still counts.
 */
const provedEpoch = (command: RegisterBrokerCommand, existing: BrokerImage | undefined): BrokerEpoch => {
  const { previousBrokerEpoch: shown } = command;
  return existing !== undefined && (shown === existing.epoch || shown === existing.provedEpoch)
    ? shown
    : NO_BROKER_EPOCH;
};

/**
 * What the copy of each partition that a new incarnation holds is worth. One that was forgotten meanwhile cannot show what
 * it comes after. A replica is worth what its directory is; one in a directory that is not named is gone with it, unless
 * the broker may have it still, where it could not look.
 */
const trustIn = (
  command: RegisterBrokerCommand,
  existing: BrokerImage | undefined,
): ((partition: PartitionImage) => BrokerChange) => {
  const { brokerId, isUnclean, logDirs, hasDirsAway = false } = command;
  const distrusted = { kind: 'distrusted', brokerId } as const;
  if (existing === undefined || provedEpoch(command, existing) === NO_BROKER_EPOCH) return () => distrusted;
  const distrustedDirs = new Set(command.distrustedDirs);
  const here = new Set(logDirs);
  const trusted = { kind: isUnclean === true ? 'unclean' : 'leaving', brokerId } as const;
  const away = { kind: 'leaving', brokerId } as const;
  const isAnyGone = !hasDirsAway && existing.directories.some((directory) => !here.has(directory));
  // Where it is nobody has said, so it may be in any of them.
  const unplaced = isAnyGone || distrustedDirs.size > 0 ? distrusted : trusted;
  return ({ directories, replicas }) => {
    const directory = directories[replicas.indexOf(brokerId)];
    if (directory === undefined || isReservedDirectory(directory)) return unplaced;
    if (distrustedDirs.has(directory)) return distrusted;
    if (here.has(directory)) return trusted;
    return hasDirsAway ? away : distrusted;
  };
};

/**
 * Registers a broker. A new incarnation is fenced, has the batch's offset for its epoch, and loses every leadership of
 * the one before, so that all it led comes back with a higher leader epoch. When it cannot show the epoch of the one
 * before (a wiped disk, or a copy of the past), it is not eligible to lead either, nor with what was in a directory of
 * which that is so; after an unclean shutdown it is not where records are acknowledged before they are flushed. The same incarnation again amends its
 * registration and keeps its epoch.
 */
export const decideRegisterBroker = (
  command: RegisterBrokerCommand,
  context: DecisionContext,
): Decision<{ readonly brokerEpoch: BrokerEpoch }> => {
  const { image, nextOffset } = context;
  const { brokerId } = command;
  const existing = brokerById(image, brokerId);
  const error = refusal(command, existing, context);
  if (error !== undefined) return { kind: 'refused', ...error };
  const amends = existing?.incarnationId === command.incarnationId;
  const brokerEpoch = amends ? existing.epoch : BrokerEpoch(nextOffset);
  const register: MetadataRecord[] = [
    {
      kind: 'RegisterBrokerRecord',
      value: {
        brokerId,
        isMigratingZkBroker: false,
        incarnationId: command.incarnationId,
        brokerEpoch,
        endPoints: endpointsOf(command.listeners),
        features: featuresOf(command.features),
        rack: command.rack,
        fenced: amends ? existing.fenced : true,
        inControlledShutdown: amends ? existing.inControlledShutdown : false,
        logDirs: command.logDirs,
        cordonedLogDirs: null,
      },
    },
  ];
  const proved = amends ? existing.provedEpoch : provedEpoch(command, existing);
  if (proved !== NO_BROKER_EPOCH)
    register.push({ kind: 'ProvedEpochRecord', value: { brokerId, brokerEpoch, provedEpoch: proved } });
  if (amends) return { kind: 'decided', records: register, response: { brokerEpoch } };
  const change = trustIn(command, existing);
  const { records, isPartial } = electionsThen(context, brokerId, change, register);
  return { kind: 'decided', records, response: { brokerEpoch }, ...(isPartial ? { again: true } : {}) };
};
