import type { Layout } from '../node-files';
import type { ChaosStage } from './stage';

/** A fault of RELIABILITY's matrix, done to a cluster of processes under load. */
export interface Scenario {
  /** `C1` and the like. */
  readonly id: string;
  /** What is done, as a sentence. */
  readonly what: string;
  /** Default: combined. */
  readonly layout?: Layout;
  /** Of each node's process. */
  readonly environment?: (nodeId: number, seed: number) => Readonly<Record<string, string>>;
  /** With one replica there would be nothing left to read. */
  readonly needsReplicas?: boolean;
  /** Its nodes are in a network of their own, in which it cuts ways. */
  readonly needsNetwork?: boolean;
  /** How long clients that send wait for an answer: of a node that stands still there comes none. Default: 3,000. */
  readonly requestTimeoutMs?: number;
  /** What it does to a disk may lie where nobody has looked yet: `fsck` is heard, and is no judge. */
  readonly leavesDamage?: boolean;
  /** Beside those that every cluster of a scenario has, in each node's file. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Before the first round, once the cluster serves. */
  begin?(stage: ChaosStage): Promise<void>;
  /** After the last round, or when one has failed, while the cluster still serves. */
  end?(stage: ChaosStage): Promise<void>;
  /** One round; afterwards all nodes are up again. */
  round(stage: ChaosStage, round: number): Promise<void>;
}
