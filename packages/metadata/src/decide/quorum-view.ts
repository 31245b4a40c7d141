import type { BrokerId } from '@kafkaesque/kernel';

/** What decisions ask about the quorum of controllers; the server supplies it. Each property is as of now. */
export interface QuorumView {
  /** This controller. */
  readonly nodeId: BrokerId;
  /** Node ids of the voters. */
  readonly voterIds: readonly BrokerId[];
  /** `kraft.version`, which the quorum keeps in its own records: 0 fixed voters, 1 voters that change (KIP-853). */
  readonly kraftVersion: number;
  /** The levels of `kraft.version` that this node can work at. */
  readonly supportedKraftVersions: { readonly min: number; readonly max: number };
  /** Why the quorum cannot go to a higher level that this node supports, in Kafka's words; undefined when it can. */
  refusesKraftVersion(level: number): string | undefined;
}
