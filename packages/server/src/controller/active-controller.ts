import type { BrokerId, ChannelDialer, Clock, Logger } from '@kafkaesque/kernel';
import { hasCode, messageOf } from '@kafkaesque/kernel';
import type { Command, CommandResponses, Leadership, MetadataDelta } from '@kafkaesque/metadata';
import type { MemberMessage, MemberMessageDraft } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { TopicId } from '@kafkaesque/kernel';
import type { MemberIdentity, MemberLink } from '../members/member-link';
import type { MemberLinks } from '../members/member-links';
import type { RaftQuorum } from '../quorum/raft-quorum';
import { BrokerSessionHost } from './broker-session-host';
import type { EncodedCommand } from './command-codec';
import { decodeCommand, encodeCommandResponse } from './command-codec';
import type { AskOutcome, LocalController } from './controller-client';
import { answerOf } from './controller-client';
import type { CommandOutcome, ControllerHost } from './controller-host';
import { MetadataFeed } from './metadata-feed';
import type { PeriodicElection } from './periodic-elections';
import { PeriodicElections } from './periodic-elections';
import { RequestFence } from './request-fence';

export interface ActiveControllerOptions {
  readonly self: MemberIdentity;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly dialer: ChannelDialer;
  readonly host: ControllerHost;
  readonly quorum: RaftQuorum;
  readonly links: MemberLinks;
  readonly sessionTimeoutMs: number;
  /** `inter.broker.listener.name`. */
  readonly brokerListenerName: string;
  /** Where controllers are, for brokers that ask. */
  readonly controllers: () => readonly {
    readonly nodeId: BrokerId;
    readonly host: string;
    readonly port: number;
  }[];
  /** Requests that are no commands: how the quorum stands, changes of its voters. */
  readonly ask: (request: Pick<EncodedCommand, 'apiKey' | 'apiVersion' | 'body'>) => Promise<AskOutcome>;
  /** Begins the work of an active controller: the first one writes the facts of a new cluster. */
  readonly becameActive: () => void;
  /** What it looks for from then on. */
  readonly elections: readonly PeriodicElection[];
}

/** Entries between two records that say what hash the state has. */
const STATE_CHECK_ENTRIES = 10_000;

type MemberRequest = Extract<MemberMessage, { readonly kind: 'MemberRequest' }>['value'];

/**
 * A controller as the other nodes meet it: takes their commands, pushes the metadata to them, and notices when they are
 * gone. On every controller; only the active one decides.
 */
export class ActiveController implements LocalController {
  readonly #options: ActiveControllerOptions;
  readonly #sessions: BrokerSessionHost;
  readonly #feed: MetadataFeed<MemberLink>;
  readonly #elections: PeriodicElections;
  /** Every channel that is up. */
  readonly #all = new Set<MemberLink>();
  readonly #fence = new RequestFence();
  #wasActive = false;
  #checkAtOffset = STATE_CHECK_ENTRIES;
  /** The node whose loss came before the last election. */
  #lostNode: BrokerId | undefined;

  constructor(options: ActiveControllerOptions) {
    this.#options = options;
    const { self, clock, logger, dialer, host, quorum } = options;
    this.#sessions = new BrokerSessionHost({
      self,
      clock,
      logger,
      dialer,
      sessionTimeoutMs: options.sessionTimeoutMs,
      listenerName: options.brokerListenerName,
      fence: ({ brokerId, epoch }) => {
        void host.submit({ kind: 'fence-broker', brokerId, brokerEpoch: epoch });
      },
    });
    this.#elections = new PeriodicElections({
      clock,
      logger,
      elections: options.elections,
      submit: (command) => host.submit(command),
    });
    this.#feed = new MetadataFeed(
      {
        get committedOffset() {
          return host.image.offset;
        },
        get startOffset() {
          return quorum.startOffset;
        },
        committedEntries: (from, maxBytes) => quorum.committedEntries(from, maxBytes),
        epochOf: (offset) => quorum.epochOf(offset),
        snapshot: () => host.snapshot(),
      },
      clock,
    );
  }

  get isActive(): boolean {
    return this.#options.host.isActive;
  }

  /** Brokers that follow this controller, and how far they are. */
  followers(): readonly {
    readonly peer: MemberIdentity;
    readonly appliedOffset: number;
    readonly heardMs: number;
  }[] {
    return this.#links().flatMap((link) => {
      const status = this.#feed.status(link);
      return link.peer === undefined || status === undefined
        ? []
        : [{ peer: link.peer, appliedOffset: status.appliedOffset, heardMs: status.appliedAtMs }];
    });
  }

  async submit<C extends Command>(command: C): Promise<CommandOutcome<CommandResponses[C['kind']]>> {
    const { host } = this.#options;
    const { sessions } = this.#sessions;
    if (command.kind === 'register-broker') {
      // An earlier process of this very node is gone: its directories are locked by this one.
      const isOwn = command.brokerId === this.#options.self.nodeId;
      const otherIncarnationAlive = !isOwn && this.#sessions.isAlive(command.brokerId);
      return host.submit({ ...command, otherIncarnationAlive });
    }
    if (command.kind !== 'broker-heartbeat') return host.submit(command);
    const { brokerId, brokerEpoch: epoch, currentMetadataOffset: metadataOffset } = command;
    if (host.isActive) this.#sessions.input({ kind: 'heartbeat', brokerId, epoch, metadataOffset });
    const heartbeat = { ...command, standing: sessions.standing(brokerId) };
    const outcome = await host.submit(heartbeat);
    if (outcome.kind === 'done') {
      const { inControlledShutdown } = outcome.response as CommandResponses['broker-heartbeat'];
      if (inControlledShutdown) sessions.controlledShutdown(brokerId, outcome.offset);
    }
    return outcome;
  }

  async ask(request: Pick<EncodedCommand, 'apiKey' | 'apiVersion' | 'body'>): Promise<AskOutcome> {
    return this.isActive ? this.#options.ask(request) : { kind: 'not-controller' };
  }

  /** The committed state has changed. */
  changed(delta: MetadataDelta): void {
    this.#sessions.changed(delta);
    this.#feed.committed();
    this.#checkState(delta.after.offset);
    // Not within the call that applies a change.
    if (allowsUncleanElections(delta))
      void Promise.resolve().then(() => this.#elections.now('elect-unclean-leaders'));
  }

  /** Once in a while every node compares its state with the leader's (R14). */
  #checkState(offset: number): void {
    if (!this.isActive || offset < this.#checkAtOffset) return;
    this.#checkAtOffset = offset + STATE_CHECK_ENTRIES;
    // Not within the call that applies a change.
    void Promise.resolve().then(() => this.#options.host.submit({ kind: 'check-state' }));
  }

  leadership(state: Leadership): void {
    const isActive = state.kind === 'leader';
    if (isActive && !this.#wasActive) {
      this.#fence.termBegan();
      this.#sessions.input({ kind: 'became-active', lostNode: this.#lostNode });
      this.#options.becameActive();
      this.#elections.begin();
    } else if (!isActive && this.#wasActive) {
      this.#sessions.input({ kind: 'resigned' });
      this.#elections.end();
      this.#feed.clear();
    }
    this.#wasActive = isActive;
    if (state.kind === 'leader' || state.kind === 'follower') this.#lostNode = undefined;
    this.tellQuorumState();
  }

  /** Tells every broker who leads and where controllers are. */
  tellQuorumState(): void {
    const state = this.#quorumState();
    for (const link of this.#links()) if (link.peer?.isController === false) link.send(state);
  }

  up(peer: MemberIdentity, link: MemberLink): void {
    this.#all.add(link);
    if (!peer.isController) link.send(this.#quorumState());
    if (peer.isBroker) this.#stream('stream-opened', peer);
  }

  down(peer: MemberIdentity, link: MemberLink): void {
    this.#all.delete(link);
    this.#feed.left(link);
    this.#fence.ended(peer.incarnationId, link);
    if (peer.isBroker) this.#stream('stream-ended', peer);
  }

  lost(peer: MemberIdentity): void {
    this.#lostNode = peer.nodeId;
  }

  message(peer: MemberIdentity, message: MemberMessage, link: MemberLink): void {
    switch (message.kind) {
      case 'MemberRequest':
        this.#request(peer, message.value, link);
        return;
      case 'MetadataFollow':
        // One that does not lead yet tells everybody when it does, and is asked again.
        if (this.isActive) this.#feed.follow(link, message.value, (draft) => link.send(draft));
        return;
      case 'MetadataApplied':
        this.#feed.applied(link, message.value.offset, message.value.creditBytes);
        return;
      default:
    }
  }

  close(): void {
    this.#sessions.close();
    this.#elections.end();
    this.#feed.clear();
  }

  #links(): readonly MemberLink[] {
    return [...this.#all];
  }

  #stream(kind: 'stream-opened' | 'stream-ended', { nodeId, incarnationId }: MemberIdentity): void {
    this.#sessions.input({ kind, brokerId: nodeId, incarnationId });
  }

  #quorumState(): MemberMessageDraft {
    const { quorum, controllers } = this.#options;
    const { term, leader } = quorum.status;
    return {
      kind: 'QuorumState',
      value: { term, leaderId: leader?.nodeId ?? (-1 as BrokerId), controllers: controllers() },
    };
  }

  /** What comes too late is not carried out, and left to whoever sent it if he still waits. */
  #request(peer: MemberIdentity, request: MemberRequest, link: MemberLink): void {
    const { correlationId, term } = request;
    const verdict = this.#fence.judge(peer.incarnationId, link, correlationId);
    if (verdict === 'again') return;
    // Within a term nobody leads twice, so that what was sent to an earlier leader here is known by its term.
    if (verdict === 'late' || term !== this.#options.quorum.status.term)
      link.send(answerOf(correlationId, { kind: 'not-controller' }));
    else void this.#answer(peer, request, link);
  }

  async #answer(peer: MemberIdentity, request: MemberRequest, link: MemberLink): Promise<void> {
    let outcome: AskOutcome;
    try {
      outcome = await this.#outcomeOf(peer, request);
    } catch (error) {
      this.#options.logger.warn('a request of a member failed', {
        nodeId: peer.nodeId,
        apiKey: request.apiKey,
        error: messageOf(error),
      });
      outcome = hasCode(error, 'INVALID_REQUEST')
        ? { kind: 'refused', errorCode: ErrorCode.INVALID_REQUEST, errorMessage: messageOf(error) }
        : { kind: 'unknown', cause: messageOf(error) };
    }
    link.send(answerOf(request.correlationId, outcome));
  }

  async #outcomeOf(peer: MemberIdentity, request: MemberRequest): Promise<AskOutcome> {
    const topicIds = new Map(request.topicIds.map(({ name, topicId }) => [name, topicId as TopicId]));
    // The body is a view into the frame, which is this side's to keep.
    const command = decodeCommand(request, { ...request, topicIds });
    if (command === undefined) return this.ask(request);
    const refusal = speaksForAnother(peer, command);
    if (refusal !== undefined) return refusal;
    const outcome = await this.submit(command);
    if (outcome.kind !== 'done') return outcome;
    return { kind: 'done', body: encodeCommandResponse(command, outcome.response), offset: outcome.offset };
  }
}

/** Whether a partition that nobody leads may be led by anybody now. */
const allowsUncleanElections = ({ configsChanged }: MetadataDelta): boolean =>
  configsChanged.some(({ changed }) => changed.get('unclean.leader.election.enable') === 'true');

/** A broker registers and reports for itself alone. */
const speaksForAnother = (peer: MemberIdentity, command: Command): AskOutcome | undefined => {
  const spokenFor =
    command.kind === 'register-broker' ||
    command.kind === 'broker-heartbeat' ||
    command.kind === 'allocate-producer-ids' ||
    command.kind === 'renew-leadership' ||
    command.kind === 'alter-partition' ||
    command.kind === 'assign-replicas-to-dirs'
      ? command.brokerId
      : command.kind === 'register-controller'
        ? command.controllerId
        : peer.nodeId;
  if (spokenFor === peer.nodeId) return undefined;
  return {
    kind: 'refused',
    errorCode: ErrorCode.INVALID_REQUEST,
    errorMessage: `Node ${peer.nodeId} speaks for node ${spokenFor}.`,
  };
};
