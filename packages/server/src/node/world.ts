import type {
  AcceptChannel,
  Clock,
  Compute,
  Disk,
  FaultHandler,
  Logger,
  Metrics,
  Random,
} from '@kafkaesque/kernel';
import type { LockDirectory } from '@kafkaesque/storage';
import type { Loggers, Traces } from '@kafkaesque/telemetry';
import type { MemberDialer, listen } from '@kafkaesque/transport';
import type { LoadModule } from '../policies/policies';

/** Everything a node may touch. A simulation hands in its own. */
export interface World {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Loggers whose levels may change while the node runs; absent: everything goes to `logger`. */
  readonly loggers?: Loggers;
  readonly metrics: Metrics;
  /** Where spans of requests go; absent: none are made. */
  readonly traces?: Traces;
  readonly faults: FaultHandler;
  readonly listen: typeof listen;
  /** Opens channels to the other members of the cluster. */
  readonly dialMembers: () => MemberDialer;
  /** What stands between the channels that other members dial and who takes them here; absent: nothing. */
  readonly acceptMembers?: (accept: AcceptChannel) => AcceptChannel;
  /** Where CPU work is done that would keep the event loop busy; absent: in the calling turn. */
  readonly compute?: Compute;
  /** For the operator's policies. */
  readonly loadModule: LoadModule;
  /** What other hosts call this one. */
  readonly hostName: string;
  /** How many files and sockets this process may have open; absent: nobody knows, or as many as it likes. */
  readonly openFilesLimit?: number;
  /** Why what is written below a path may not outlive a restart; undefined when nothing says so. */
  readonly ephemeralStorage?: (path: string) => Promise<string | undefined>;
  /** Takes a log directory for this process alone; absent: a file lock. */
  readonly lock?: LockDirectory;
}
