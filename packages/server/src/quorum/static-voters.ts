import type { VoterSet } from '@kafkaesque/protocol';
import { decodeVoterSet } from '@kafkaesque/protocol';
import { ANY_DIRECTORY } from '@kafkaesque/raft';

/** Whether configuration names these voters, by their node ids alone (`controller.quorum.voters`, `kraft.version` 0). */
export const areStatic = (voters: VoterSet): boolean =>
  voters.some(({ directoryId }) => directoryId === ANY_DIRECTORY);

/**
 * The voters that a snapshot names. Where it names none, or only who configuration named when it was taken, what
 * configuration says now holds: a voter that has moved is where it says.
 */
export const votersIn = (encoded: Buffer, configured: VoterSet): VoterSet => {
  const named = decodeVoterSet(encoded);
  return configured.length > 0 && (named.length === 0 || areStatic(named)) ? configured : named;
};
