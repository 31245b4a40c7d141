import type { BrokerId, Metrics } from '@kafkaesque/kernel';
import type { MetadataDelta, MetadataImage } from '@kafkaesque/metadata';
import { stateHash } from '@kafkaesque/metadata';
import type { ControllerHost } from '../controller/controller-host';

/** What a controller's metrics are read from. */
export interface ControllerView {
  readonly nodeId: BrokerId;
  readonly controller: ControllerHost;
  readonly quorum: () => QuorumStanding;
}

/** How the quorum stands, as this node knows it. */
export interface QuorumStanding {
  /** Kafka's word: leader, follower, candidate, prospective, unattached, observer. */
  readonly state: string;
  /** -1: nobody is known. */
  readonly leaderId: number;
  readonly votedId: number;
  readonly epoch: number;
  readonly committedOffset: number;
  readonly endOffset: number;
}

/** Sums over one image of the metadata. */
interface Totals {
  readonly partitions: number;
  readonly offline: number;
  readonly notPreferred: number;
}

/** Counts elections, as the metadata show them (Kafka's ControllerStats). */
export class ElectionMeters {
  #unclean = 0;

  constructor(metrics: Metrics) {
    metrics.observe(
      'counter',
      'kafka_controller_controllerstats_uncleanleaderelections_total',
      'Leaders that were elected here although they might lack records.',
      (tell) => {
        tell(this.#unclean);
      },
    );
  }

  /** Metadata changed while this node was the controller. */
  changed({ topicsChanged }: MetadataDelta): void {
    for (const { partitions } of topicsChanged) {
      for (const { before, after } of partitions) {
        if (before === undefined || after.leader < 0 || after.leader === before.leader) continue;
        // Whoever is eligible has everything, too (KIP-966).
        const isClean = [...before.isr, ...before.eligibleLeaderReplicas].includes(after.leader);
        if (!isClean) this.#unclean += 1;
      }
    }
  }
}

/** Has the state of the cluster's metadata and of their quorum read whenever somebody scrapes. */
export const watchController = (metrics: Metrics, view: ControllerView): void => {
  watchCluster(metrics, view);
  watchState(metrics, view);
  watchQuorum(metrics, view);
};

/** What nodes that have applied the same metadata must agree on. */
const watchState = (metrics: Metrics, { controller }: ControllerView): void => {
  metrics.observe(
    'gauge',
    'kafkaesque_metadata_offset',
    'Metadata offset of the state that `kafkaesque_metadata_state` is the hash of.',
    (tell) => {
      tell(controller.image.offset);
    },
  );
  metrics.observe(
    'gauge',
    'kafkaesque_metadata_state',
    '1 for the hash over all metadata that this node has applied: at the same offset all nodes have the same.',
    (tell) => {
      tell(1, { hash: stateHash(controller.image) });
    },
  );
};

const watchCluster = (metrics: Metrics, { controller, quorum }: ControllerView): void => {
  const totals = totalsOf();
  const gauge = (name: string, help: string, value: (image: MetadataImage) => number): void => {
    metrics.observe('gauge', `kafka_controller_kafkacontroller_${name}`, help, (tell) => {
      tell(value(controller.image));
    });
  };
  gauge('activecontrollercount', '1 on the active controller.', () => Number(controller.isActive));
  gauge(
    'activebrokercount',
    'Registered brokers that are in service.',
    ({ brokers }) => [...brokers.values()].filter(({ fenced }) => !fenced).length,
  );
  gauge(
    'fencedbrokercount',
    'Registered brokers that are out of service.',
    ({ brokers }) => [...brokers.values()].filter(({ fenced }) => fenced).length,
  );
  gauge('globaltopiccount', 'Topics of the cluster.', ({ topicsById }) => topicsById.size);
  gauge('globalpartitioncount', 'Partitions of the cluster.', (image) => totals(image).partitions);
  gauge('offlinepartitionscount', 'Partitions without a leader.', (image) => totals(image).offline);
  gauge(
    'preferredreplicaimbalancecount',
    'Partitions that are not led by the first of their replicas.',
    (image) => totals(image).notPreferred,
  );
  gauge('lastappliedrecordoffset', 'Metadata offset that this node has applied.', ({ offset }) => offset);
  gauge(
    'lastcommittedrecordoffset',
    'Metadata offset up to which everything is committed.',
    () => quorum().committedOffset,
  );
};

/** Sums are made once an image: images never change. */
const totalsOf = (): ((image: MetadataImage) => Totals) => {
  let known: { readonly image: MetadataImage; readonly totals: Totals } | undefined;
  return (image) => {
    if (known?.image === image) return known.totals;
    let partitions = 0;
    let offline = 0;
    let notPreferred = 0;
    for (const topic of image.topicsById.values()) {
      for (const { leader, replicas } of topic.partitions) {
        partitions += 1;
        if (leader < 0) offline += 1;
        if (leader !== replicas[0]) notPreferred += 1;
      }
    }
    const totals = { partitions, offline, notPreferred };
    known = { image, totals };
    return totals;
  };
};

const watchQuorum = (metrics: Metrics, { controller, quorum }: ControllerView): void => {
  const gauge = (name: string, help: string, value: (standing: QuorumStanding) => number): void => {
    metrics.observe('gauge', `kafka_server_raftmetrics_${name}`, help, (tell) => {
      tell(value(quorum()));
    });
  };
  metrics.observe(
    'gauge',
    'kafka_server_raftmetrics_current_state',
    '1 for the state that this node has in the quorum: leader, follower, candidate, prospective, unattached, observer.',
    (tell) => {
      tell(1, { current_state: quorum().state });
    },
  );
  gauge(
    'current_leader',
    'Node id of the leader of the quorum, -1 when none is known.',
    ({ leaderId }) => leaderId,
  );
  gauge(
    'current_vote',
    'Node id that this node voted for in this epoch, -1 when it has not voted.',
    ({ votedId }) => votedId,
  );
  gauge('current_epoch', 'Epoch of the quorum.', ({ epoch }) => epoch);
  gauge(
    'high_watermark',
    'Metadata offset below which everything is committed.',
    ({ committedOffset }) => committedOffset + 1,
  );
  gauge('log_end_offset', 'Offset that the next batch of metadata gets.', ({ endOffset }) => endOffset);
  metrics.observe(
    'gauge',
    'kafka_server_brokermetadatametrics_last_applied_record_offset',
    'Metadata offset that this broker has applied.',
    (tell) => {
      tell(controller.image.offset);
    },
  );
};
