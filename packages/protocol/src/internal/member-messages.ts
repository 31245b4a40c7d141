import type { BrokerEpoch, BrokerId, LeaderEpoch, PartitionIndex, TopicId } from '@kafkaesque/kernel';
import { array, bool, bytes, int16, int32, int64, int8, string, uint16, uuid } from '../schema/field';
import { message, type Infer } from '../schema/message';

/*
 * What any two members say to each other on a channel, whatever their roles: who they are, requests and answers, and
 * the metadata that brokers follow.
 */

/** The first message on a channel, from the side that dialled it. */
export const MemberHello = message({
  name: 'MemberHello',
  versions: '0',
  flexible: '0+',
  fields: {
    /** `kafkaesque.version`, the level of internal messages that the sender speaks. */
    version: int16,
    clusterId: string,
    nodeId: int32.as<BrokerId>(),
    /** Of the metadata log directory; zeros for a broker that is no controller. */
    directoryId: uuid,
    /** Drawn at every start of the process. */
    incarnationId: uuid,
    isController: bool,
    isBroker: bool,
    /** Whom the sender means to reach; -1: whoever listens there. */
    wantedNodeId: int32.default(-1).as<BrokerId>(),
  },
});
export type MemberHello = Infer<typeof MemberHello>;

/** The answer to a MemberHello. With an error the channel ends behind it. */
export const MemberWelcome = message({
  name: 'MemberWelcome',
  versions: '0',
  flexible: '0+',
  fields: {
    errorCode: int16,
    errorMessage: string.nullable().default(null),
    version: int16,
    clusterId: string,
    nodeId: int32.as<BrokerId>(),
    directoryId: uuid,
    incarnationId: uuid,
    isController: bool,
    isBroker: bool,
  },
});
export type MemberWelcome = Infer<typeof MemberWelcome>;

/** Who leads the quorum, and where: sent by a controller behind its welcome, and whenever it changes. */
export const QuorumState = message({
  name: 'QuorumState',
  versions: '0',
  flexible: '0+',
  fields: {
    term: int64,
    /** -1: unknown. */
    leaderId: int32.as<BrokerId>(),
    controllers: array({
      nodeId: int32.as<BrokerId>(),
      host: string,
      port: uint16,
    }),
  },
});
export type QuorumState = Infer<typeof QuorumState>;

/** A Kafka request that one member makes of another, on its own behalf or a client's. */
export const MemberRequest = message({
  name: 'MemberRequest',
  versions: '0',
  flexible: '0+',
  fields: {
    /** Grows with every request that the process sends to anybody. */
    correlationId: int64,
    /** In which the receiver is believed to lead the quorum: in another term it leaves the request alone. */
    term: int64,
    apiKey: int16,
    apiVersion: int16,
    /** Milliseconds that the sender will wait. */
    timeoutMs: int32,
    /** The client on whose behalf it is made; empty: the sender's own. */
    principalType: string,
    principalName: string,
    clientHost: string,
    clientId: string,
    /** The body, as Kafka encodes it. */
    body: bytes,
    /** Ids that the forwarding broker chose for new topics, by name: so a repeated creation is known. */
    topicIds: array({ name: string, topicId: uuid }),
    /** Whether the same request may have been sent before. */
    retried: bool,
    /** The metadata offset that the sender showed when it was first sent. */
    shownOffset: int64,
    /** Of a broker that registers: its directories were not left by a clean shutdown. */
    isUnclean: bool.default(false).tagged(0),
    /** Of a broker that registers: directories that do not have what they had when it served last. */
    distrustedDirs: array(uuid).tagged(1),
    /** Of a broker that registers: it could not open all of its directories. */
    hasDirsAway: bool.default(false).tagged(2),
  },
});
export type MemberRequest = Infer<typeof MemberRequest>;

/** The answer to a MemberRequest. */
export const MemberAnswer = message({
  name: 'MemberAnswer',
  versions: '0',
  flexible: '0+',
  fields: {
    correlationId: int64,
    /** 0 done · 1 refused, nothing has changed · 2 asked of one that does not lead, nothing has changed · 3 unknown. */
    outcome: int8,
    /** Why it was refused; there is a body only of what was done. */
    errorCode: int16,
    errorMessage: string.nullable().default(null),
    /** The metadata offset that shows what was done; -1: nothing was changed. */
    metadataOffset: int64,
    body: bytes,
  },
});
export type MemberAnswer = Infer<typeof MemberAnswer>;

/** The key of RenewLeadership, which Kafka does not have. */
export const RENEW_LEADERSHIP_KEY = 10_000;

/** A broker asks to lead these partitions again, in a new epoch; or that nobody relies on what is damaged on its disk. */
export const RenewLeadershipRequest = message({
  name: 'RenewLeadershipRequest',
  versions: '0',
  flexible: '0+',
  fields: {
    brokerId: int32.as<BrokerId>(),
    brokerEpoch: int64.as<BrokerEpoch>(),
    partitions: array({
      topicId: uuid.as<TopicId>(),
      partition: int32.as<PartitionIndex>(),
      leaderEpoch: int32.as<LeaderEpoch>(),
      isDamaged: bool,
    }),
  },
});
export type RenewLeadershipRequest = Infer<typeof RenewLeadershipRequest>;

/** That it was done is all there is to say. */
export const RenewLeadershipResponse = message({
  name: 'RenewLeadershipResponse',
  versions: '0',
  flexible: '0+',
  fields: {
    errorCode: int16,
  },
});
export type RenewLeadershipResponse = Infer<typeof RenewLeadershipResponse>;

/** A broker wants the committed metadata behind `offset`, and may be sent so many bytes. */
export const MetadataFollow = message({
  name: 'MetadataFollow',
  versions: '0',
  flexible: '0+',
  fields: {
    /** The last offset applied; -1: nothing yet. */
    offset: int64,
    /** Of the batch at that offset. */
    epoch: int64,
    creditBytes: int64,
  },
});
export type MetadataFollow = Infer<typeof MetadataFollow>;

/** A broker has applied everything up to `offset`, and gives back the bytes that it took. */
export const MetadataApplied = message({
  name: 'MetadataApplied',
  versions: '0',
  flexible: '0+',
  fields: {
    offset: int64,
    creditBytes: int64,
  },
});
export type MetadataApplied = Infer<typeof MetadataApplied>;

/** Committed batches, in order, without gaps behind those before. */
export const MetadataBatches = message({
  name: 'MetadataBatches',
  versions: '0',
  flexible: '0+',
  fields: {
    /** The offset of the first. */
    firstOffset: int64,
    /** The highest committed offset that the sender knows. */
    committedOffset: int64,
    batches: array({
      epoch: int64,
      type: int8,
      bytes,
    }),
  },
});
export type MetadataBatches = Infer<typeof MetadataBatches>;

/** A piece of a snapshot that replaces everything that the broker knew. The first begins it, the last ends it. */
export const MetadataSnapshotPart = message({
  name: 'MetadataSnapshotPart',
  versions: '0',
  flexible: '0+',
  fields: {
    offset: int64,
    epoch: int64,
    /** Counts the pieces from 0. */
    part: int32,
    isLast: bool,
    bytes,
  },
});
export type MetadataSnapshotPart = Infer<typeof MetadataSnapshotPart>;
