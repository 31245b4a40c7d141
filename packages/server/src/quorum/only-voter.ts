import type { BrokerId } from '@kafkaesque/kernel';
import type { QuorumView } from '@kafkaesque/metadata';

/** The quorum of a controller that is the only one, and stays so. */
export const onlyVoter = (nodeId: BrokerId): QuorumView => ({
  nodeId,
  voterIds: [nodeId],
  kraftVersion: 0,
  supportedKraftVersions: { min: 0, max: 0 },
  refusesKraftVersion: () => undefined,
});
