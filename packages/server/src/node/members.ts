import type { AcceptChannel, BrokerId, ChannelDialer, MemberAddress } from '@kafkaesque/kernel';
import { BrokerId as brokerId } from '@kafkaesque/kernel';
import type { Leadership } from '@kafkaesque/metadata';
import { brokerById, registeredControllers, registeredFeatures } from '@kafkaesque/metadata';
import type { QuorumState, VoterSet } from '@kafkaesque/protocol';
import type { RaftSettings } from '@kafkaesque/raft';
import { ANY_DIRECTORY } from '@kafkaesque/raft';
import { MetadataFollower } from '../broker/metadata-follower';
import type { BrokerConfiguration } from '../configuration';
import { ActiveController } from '../controller/active-controller';
import { ControllerClient } from '../controller/controller-client';
import type { KnownLeader } from '../controller/controller-client';
import { KnownQuorum } from '../controller/known-quorum';
import type { ControllerHost } from '../controller/controller-host';
import { periodicElections } from '../controller/periodic-elections';
import { QuorumAdministration } from '../controller/quorum-administration';
import type { MemberIdentity } from '../members/member-link';
import { MemberLinks } from '../members/member-links';
import type { MemberToDial } from '../members/member-target';
import { bootstrapFeatures } from '../quorum/bootstrap-features';
import { openControllerMember } from '../quorum/controller-member';
import type { RaftQuorum } from '../quorum/raft-quorum';
import type { NodeLoggers } from './node-loggers';
import type { World } from './world';

/** What a node's part among the others is made of. */
export interface MembersOptions {
  readonly configuration: BrokerConfiguration;
  readonly world: Pick<World, 'disk' | 'clock' | 'random' | 'faults'>;
  readonly loggers: NodeLoggers;
  readonly identity: MemberIdentity;
  readonly dialer: ChannelDialer;
  readonly host: ControllerHost;
  /** The only voter of a quorum that nobody formatted. */
  readonly isAlone: boolean;
  readonly knownOffset: number;
  /** Waits and sizes of the quorum that no configuration names. */
  readonly quorumSettings?: Partial<RaftSettings>;
  readonly outOfSpace: () => Promise<boolean>;
  readonly committed: (latencyMs: number, recordCount: number) => void;
  /** Where this controller can be reached, once its listeners are open. */
  readonly controllerEndpoints: () => readonly {
    readonly name: string;
    readonly host: string;
    readonly port: number;
    readonly securityProtocol: number;
  }[];
}

/** A node's place among the others: its part in the quorum or its copy of the metadata, and the way to the controller. */
export interface Members {
  readonly client: ControllerClient;
  readonly links: MemberLinks;
  readonly accept: AcceptChannel;
  /** Of a controller. */
  readonly quorum: RaftQuorum | undefined;
  readonly active: ActiveController | undefined;
  /** Of a broker that is no controller. */
  readonly follower: MetadataFollower | undefined;
  /** Who leads the quorum, as far as this node knows. */
  readonly leader: () => BrokerId | undefined;
  begin(): void;
  /** Lets another controller lead first, if this one does. */
  close(how: 'clean' | 'crash'): Promise<void>;
}

const UNNAMED = brokerId(-1);

const KRAFT_VERSIONS = { min: 0, max: 1 };

/** The voters that `controller.quorum.voters` names, by their ids alone; none where it is not used. */
export const configuredVoters = ({ quorum, controllerListenerNames }: BrokerConfiguration): VoterSet =>
  quorum
    .flatMap(({ nodeId, host, port }) => {
      const endpoints = [{ name: controllerListenerNames[0] ?? 'CONTROLLER', host, port }];
      return nodeId === undefined
        ? []
        : [{ nodeId: brokerId(nodeId), directoryId: ANY_DIRECTORY, endpoints, kraftVersion: KRAFT_VERSIONS }];
    })
    .sort((a, b) => a.nodeId - b.nodeId);

/** Whom a log that names no voters has. */
const firstVoters = ({ configuration, isAlone, identity }: MembersOptions): VoterSet => {
  const { nodeId, directoryId } = identity;
  return isAlone
    ? [{ nodeId, directoryId, endpoints: [], kraftVersion: KRAFT_VERSIONS }]
    : configuredVoters(configuration);
};

const bootstrapServersOf = ({ quorum }: BrokerConfiguration): readonly MemberAddress[] =>
  quorum.map(({ host, port }) => ({ host, port }));

/** Opens a controller's part; it takes part once `begin` is called. */
export const openController = async (options: MembersOptions): Promise<Members> => {
  const { configuration, world, loggers, identity, dialer, host } = options;
  const { disk, clock, random, faults } = world;
  const directory = `${configuration.metadataLogDir}/metadata`;
  const late: { active?: ActiveController; client?: ControllerClient } = {};
  const member = await openControllerMember({
    disk,
    directory,
    clock,
    random: random.fork('quorum'),
    logger: loggers.quorum,
    faults,
    clusterId: identity.clusterId,
    identity,
    dialer,
    listenerNames: configuration.controllerListenerNames,
    bootstrapServers: options.isAlone ? [] : bootstrapServersOf(configuration),
    configuredVoters: firstVoters(options),
    settings: {
      ...options.quorumSettings,
      fetchTimeoutMs: Number(configuration.get('controller.quorum.fetch.timeout.ms')),
      electionTimeoutMs: Number(configuration.get('controller.quorum.election.timeout.ms')),
    },
    snapshotAfterBytes: Number(configuration.get('metadata.log.max.record.bytes.between.snapshots')),
    snapshotIntervalMs: Number(configuration.get('metadata.log.max.snapshot.interval.ms')),
    listener: host,
    isInService: ({ nodeId, incarnationId }) => {
      const registered = brokerById(host.image, nodeId);
      return registered?.incarnationId === incarnationId && !registered.fenced;
    },
    knownOffset: options.knownOffset,
    outOfSpace: options.outOfSpace,
    committed: options.committed,
    others: {
      up: (peer, link) => {
        late.active?.up(peer, link);
        late.client?.leaderChanged();
      },
      message: (peer, message, link) => {
        if (message.kind === 'MemberAnswer') late.client?.answered(peer.nodeId, message.value);
        else late.active?.message(peer, message, link);
      },
      down: (peer, _, link) => {
        late.active?.down(peer, link);
        late.client?.lost(link);
      },
      lost: (peer) => late.active?.lost(peer),
    },
  });
  const { quorum, links } = member;
  const features = await bootstrapFeatures(
    { disk, directory, clusterId: identity.clusterId },
    loggers.quorum,
  );
  const self = { nodeId: identity.nodeId, directoryId: identity.directoryId };
  const administration: QuorumAdministration = new QuorumAdministration({
    clusterId: identity.clusterId,
    clock,
    quorum,
    self,
    followers: () => active.followers(),
  });
  const active: ActiveController = new ActiveController({
    self: identity,
    clock,
    logger: loggers.controller,
    dialer,
    host,
    quorum,
    links,
    sessionTimeoutMs: configuration.brokerSessionTimeoutMs,
    brokerListenerName: configuration.interBrokerListenerName,
    controllers: () =>
      quorum.voters.flatMap(({ nodeId, endpoints }) => {
        const endpoint =
          configuration.controllerListenerNames
            .map((name) => endpoints.find((one) => one.name === name))
            .find(Boolean) ?? endpoints[0];
        return endpoint === undefined ? [] : [{ nodeId, host: endpoint.host, port: endpoint.port }];
      }),
    ask: (request) => administration.ask(request),
    elections: periodicElections(configuration),
    becameActive: () => {
      // First of all what the cluster begins with: everything else is judged by it.
      void host.submit({ kind: 'bootstrap', features });
    },
  });
  const knownLeader = (): KnownLeader | undefined => {
    const { leader: known, term } = quorum.status;
    return known === undefined ? undefined : { nodeId: known.nodeId, term };
  };
  const leader = (): BrokerId | undefined => knownLeader()?.nodeId;
  const client = new ControllerClient({
    nodeId: identity.nodeId,
    clock,
    random: random.fork('controller client'),
    local: active,
    leader: knownLeader,
    send: (nodeId, message) => links.send(nodeId, message),
    shownOffset: () => host.image.offset,
    whenApplied: (offset) => host.whenApplied(offset),
  });
  late.active = active;
  late.client = client;
  const registrar = new Registrar(options, client);
  host.observe({
    changed: (delta) => active.changed(delta),
    leadership: (state) => {
      active.leadership(state);
      client.leaderChanged();
      registrar.leadership(state);
    },
  });
  host.attach(quorum);
  return {
    client,
    links,
    accept: links.accept,
    quorum,
    active,
    follower: undefined,
    leader,
    begin: () => quorum.begin(),
    close: async (how) => {
      client.close();
      if (how === 'clean') await handOver(quorum, world);
      active.close();
      await quorum.close();
      links.close();
    },
  };
};

/** How long a leader that is closing waits for another one. */
const HAND_OVER_MS = 1000;

const handOver = async (quorum: RaftQuorum, { clock }: Pick<World, 'clock'>): Promise<void> => {
  const leads = (): boolean => quorum.leadership.kind === 'leader';
  if (!leads() || quorum.voters.length < 2) return;
  quorum.transfer();
  const deadlineMs = clock.monotonicMs() + HAND_OVER_MS;
  while (leads() && clock.monotonicMs() < deadlineMs)
    await new Promise<void>((resolve) => {
      clock.wakeAt(clock.monotonicMs() + 5, resolve);
    });
};

/** Tells each new active controller where this one is (KIP-919). */
class Registrar {
  readonly #options: MembersOptions;
  readonly #client: ControllerClient;
  #isRegistering = false;

  constructor(options: MembersOptions, client: ControllerClient) {
    this.#options = options;
    this.#client = client;
  }

  leadership({ kind }: Leadership): void {
    if (kind !== 'leader' && kind !== 'follower') return;
    const { host, identity } = this.#options;
    const known = registeredControllers(host.image).find((one) => one.controllerId === identity.nodeId);
    if (this.#isRegistering || known?.incarnationId === identity.incarnationId) return;
    this.#isRegistering = true;
    // Not within the call that tells of the leader.
    void Promise.resolve().then(() => this.#register());
  }

  async #register(): Promise<void> {
    const { identity, controllerEndpoints, loggers } = this.#options;
    const outcome = await this.#client.submit({
      kind: 'register-controller',
      controllerId: identity.nodeId,
      incarnationId: identity.incarnationId,
      listeners: controllerEndpoints(),
      features: registeredFeatures({ supportedKraftVersions: KRAFT_VERSIONS }),
    });
    this.#isRegistering = false;
    if (outcome.kind === 'refused')
      loggers.controller.warn('this controller was not registered', { error: outcome.errorMessage });
  }
}

/** Opens a broker's way to the controllers; it follows the metadata once `begin` is called. */
export const openBrokerMember = (options: MembersOptions): Members => {
  const { configuration, world, loggers, identity, dialer, host } = options;
  const { clock, random, faults } = world;
  const late: { client?: ControllerClient } = {};
  const known = new KnownQuorum();
  const leader = (): BrokerId | undefined => known.leader?.nodeId;
  const follower = new MetadataFollower({
    clock,
    logger: loggers.controller,
    listener: host,
    failed: (what, cause) => faults.fault(what, cause),
  });
  const toDial = (): readonly MemberToDial[] => [
    ...known.controllers.map(({ nodeId, host: name, port }) => ({ nodeId, address: { host: name, port } })),
    ...bootstrapServersOf(configuration).map((address) => ({ nodeId: UNNAMED, address })),
  ];
  const follow = (anew = false): void => {
    const source = leader();
    const link = source === undefined ? undefined : links.linkTo(source);
    if (link !== undefined) follower.follow(link, anew);
  };
  const links: MemberLinks = new MemberLinks({
    self: identity,
    clock,
    random: random.fork('links'),
    logger: loggers.controller,
    dialer,
    events: {
      up: () => {
        follow();
        late.client?.leaderChanged();
      },
      message: (peer, message, link) => {
        if (message.kind === 'MemberAnswer') late.client?.answered(peer.nodeId, message.value);
        else if (message.kind === 'QuorumState') learn(message.value, peer.nodeId);
        else follower.take(link, message);
      },
      down: (_peer, _isLast, link) => {
        follower.lost(link);
        late.client?.lost(link);
        follow();
      },
      lost: () => undefined,
    },
  });
  const learn = (told: QuorumState, from: BrokerId): void => {
    if (!known.learn(told, from)) return;
    links.keepTo(toDial());
    follow(from === told.leaderId);
    late.client?.leaderChanged();
  };
  const client = new ControllerClient({
    nodeId: identity.nodeId,
    clock,
    random: random.fork('controller client'),
    local: undefined,
    leader: () => known.leader,
    send: (nodeId, message) => links.send(nodeId, message),
    shownOffset: () => host.image.offset,
    whenApplied: (offset) => host.whenApplied(offset),
  });
  late.client = client;
  return {
    client,
    links,
    accept: links.accept,
    quorum: undefined,
    active: undefined,
    follower,
    leader,
    begin: () => links.keepTo(toDial()),
    close: () => {
      client.close();
      follower.close();
      links.close();
      return Promise.resolve();
    },
  };
};
