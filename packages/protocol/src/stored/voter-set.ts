import type { BrokerId } from '@kafkaesque/kernel';
import { decodeError } from '../schema/failures';
import { VotersRecord } from './control-records';

/** Where one listener of a voter is reached. */
export interface VoterEndpoint {
  /** The listener's name, in capitals: `CONTROLLER`. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

/** A member of the quorum that votes. Node and directory together are its identity: a wiped disk is another voter (KIP-853). */
export interface Voter {
  readonly nodeId: BrokerId;
  /** UUID as 22 characters of base64url; of the directory that holds the metadata log. */
  readonly directoryId: string;
  readonly endpoints: readonly VoterEndpoint[];
  /** Levels of the feature `kraft.version` that it can do. */
  readonly kraftVersion: { readonly min: number; readonly max: number };
}

/** All voters, by ascending node id; each node once. Empty: none are known. */
export type VoterSet = readonly Voter[];

const RECORD_VERSION = 0;
const NONE = Buffer.alloc(0);

/**
 * A voter set as the log, its file headers and its snapshots hold it: Kafka's VotersRecord, version 0, sorted by node
 * id, so that equal sets are equal bytes. No voters are no bytes.
 */
export const encodeVoterSet = (voters: VoterSet): Buffer => {
  if (voters.length === 0) return NONE;
  const sorted = voters.toSorted((a, b) => a.nodeId - b.nodeId);
  return VotersRecord.encode(
    {
      version: RECORD_VERSION,
      voters: sorted.map(({ nodeId, directoryId, endpoints, kraftVersion }) => ({
        voterId: nodeId,
        voterDirectoryId: directoryId,
        endpoints: endpoints.map(({ name, host, port }) => ({ name, host, port })),
        kRaftVersionFeature: {
          minSupportedVersion: kraftVersion.min,
          maxSupportedVersion: kraftVersion.max,
        },
      })),
    },
    RECORD_VERSION,
  );
};

/** Reads a voter set back. Throws a `DecodeError` for bytes that are none: malformed, out of order, or a node twice. */
export const decodeVoterSet = (bytes: Buffer): VoterSet => {
  if (bytes.length === 0) return [];
  const { value, end } = VotersRecord.decodeWithEnd(bytes, RECORD_VERSION, 0);
  if (end !== bytes.length) throw decodeError(`voter set: ${bytes.length - end} bytes too many`);
  let last = -1;
  return value.voters.map(({ voterId, voterDirectoryId, endpoints, kRaftVersionFeature }) => {
    if (voterId <= last) throw decodeError(`voter set: node ${voterId} stands behind node ${last}`);
    last = voterId;
    return {
      nodeId: voterId,
      directoryId: voterDirectoryId,
      endpoints: endpoints.map(({ name, host, port }) => ({ name, host, port })),
      kraftVersion: {
        min: kRaftVersionFeature.minSupportedVersion,
        max: kRaftVersionFeature.maxSupportedVersion,
      },
    };
  });
};
