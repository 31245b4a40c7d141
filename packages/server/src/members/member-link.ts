import type { BrokerId, Channel, ChannelEnd, Logger } from '@kafkaesque/kernel';
import { messageOf } from '@kafkaesque/kernel';
import type { MemberMessage, MemberMessageDraft } from '@kafkaesque/protocol';
import { ErrorCode, decodeMemberMessage, encodeMemberMessage } from '@kafkaesque/protocol';

/** Who a member is, as it tells the others. */
export interface MemberIdentity {
  readonly clusterId: string;
  readonly nodeId: BrokerId;
  /** Of the metadata log directory; zeros for a broker that is no controller. */
  readonly directoryId: string;
  /** Drawn at every start of the process. */
  readonly incarnationId: string;
  readonly isController: boolean;
  readonly isBroker: boolean;
}

/** The level of messages between members that this release speaks. */
const MESSAGES_VERSION = 1;

/** What becomes of one channel. */
export interface MemberLinkEvents {
  /** Both sides know each other. */
  up(link: MemberLink, peer: MemberIdentity): void;
  message(link: MemberLink, peer: MemberIdentity, message: MemberMessage): void;
  /** Who was dialled belongs to another cluster. `down` follows. */
  foreign?(link: MemberLink, clusterId: string): void;
  /** Comes once, last. The peer is undefined when the two never came to know each other. */
  down(link: MemberLink, peer: MemberIdentity | undefined, end: ChannelEnd): void;
}

export interface MemberLinkOptions {
  readonly channel: Channel;
  readonly self: MemberIdentity;
  /** Whom this side dialled, -1 for whoever listens there; undefined: the other side dialled. */
  readonly dialled: BrokerId | undefined;
  readonly logger: Logger;
  /** Whether another process under the id of that member is here already, and rather to be believed. */
  readonly isTaken?: (newcomer: MemberIdentity) => boolean;
  readonly events: MemberLinkEvents;
}

/** Unsent bytes at which a peer that does not read is given up. */
const MAX_UNSENT_BYTES = 128 << 20;

/** A channel on which the first words are who the two are. */
export class MemberLink {
  readonly isDialled: boolean;
  readonly #options: MemberLinkOptions;
  readonly #channel: Channel;
  #peer: MemberIdentity | undefined;
  #isOpen = true;

  constructor(options: MemberLinkOptions) {
    this.#options = options;
    this.#channel = options.channel;
    this.isDialled = options.dialled !== undefined;
  }

  /** The other side; undefined until it has said who it is. */
  get peer(): MemberIdentity | undefined {
    return this.#isOpen ? this.#peer : undefined;
  }

  get remoteAddress(): string {
    return this.#channel.remoteAddress;
  }

  get unsentBytes(): number {
    return this.#channel.unsentBytes;
  }

  /** To be called in the turn in which the channel was got. */
  open(): void {
    this.#channel.receive({
      message: (bytes) => this.#receive(bytes),
      drained: () => undefined,
      ended: (end) => this.#ended(end),
    });
    const { dialled, self } = this.#options;
    if (dialled === undefined) return;
    this.#put({
      kind: 'MemberHello',
      value: { version: MESSAGES_VERSION, ...self, wantedNodeId: dialled },
    });
  }

  /** False: it was not taken, because the link has ended or the other side does not read. */
  send(message: MemberMessageDraft): boolean {
    if (!this.#isOpen || this.#peer === undefined) return false;
    if (this.#channel.unsentBytes > MAX_UNSENT_BYTES) {
      this.#options.logger.warn('a member does not read what it is sent', { nodeId: this.#peer.nodeId });
      this.reset();
      return false;
    }
    this.#put(message);
    return true;
  }

  close(): void {
    this.#channel.close();
  }

  reset(): void {
    this.#channel.reset();
  }

  #put(message: MemberMessageDraft): void {
    this.#channel.send(encodeMemberMessage(message));
  }

  #receive(bytes: Buffer): void {
    let message: MemberMessage;
    try {
      message = decodeMemberMessage(bytes);
    } catch (error) {
      this.#refuse(`it sent what is no message between members: ${messageOf(error)}`);
      return;
    }
    if (this.#peer === undefined) this.#greet(message);
    else if (message.kind === 'MemberHello' || message.kind === 'MemberWelcome')
      this.#refuse('it said twice who it is');
    else this.#options.events.message(this, this.#peer, message);
  }

  #greet(message: MemberMessage): void {
    if (message.kind === 'MemberHello' && !this.isDialled) this.#welcome(message.value);
    else if (message.kind === 'MemberWelcome' && this.isDialled) this.#welcomed(message.value);
    else this.#refuse(`it did not say who it is, but sent a ${message.kind}`);
  }

  #welcome(hello: MemberIdentity & { readonly wantedNodeId: BrokerId }): void {
    const { self } = this.#options;
    const refusal = this.#refusalOf(hello);
    this.#put({
      kind: 'MemberWelcome',
      value: {
        ...self,
        version: MESSAGES_VERSION,
        errorCode: refusal?.errorCode ?? ErrorCode.NONE,
        errorMessage: refusal?.errorMessage ?? null,
      },
    });
    if (refusal === undefined) this.#meet(hello);
    else {
      this.#options.logger.warn('a member was refused', {
        nodeId: hello.nodeId,
        address: this.remoteAddress,
        reason: refusal.errorMessage,
      });
      this.close();
    }
  }

  #refusalOf(
    hello: MemberIdentity & { readonly wantedNodeId: BrokerId },
  ): { readonly errorCode: number; readonly errorMessage: string } | undefined {
    const { self } = this.#options;
    if (hello.clusterId !== self.clusterId)
      return {
        errorCode: ErrorCode.INCONSISTENT_CLUSTER_ID,
        errorMessage:
          `Node ${hello.nodeId} belongs to cluster ${hello.clusterId}, and node ${self.nodeId} to cluster ` +
          `${self.clusterId}. Correct controller.quorum.bootstrap.servers, or format the directory for this cluster.`,
      };
    if (hello.wantedNodeId >= 0 && hello.wantedNodeId !== self.nodeId)
      return {
        errorCode: ErrorCode.INVALID_REQUEST,
        errorMessage: `Node ${hello.wantedNodeId} was meant, and this is node ${self.nodeId}.`,
      };
    if (hello.nodeId === self.nodeId && hello.incarnationId !== self.incarnationId)
      return {
        errorCode: ErrorCode.DUPLICATE_BROKER_REGISTRATION,
        errorMessage: `Another node of this cluster already has node.id ${self.nodeId}. Give each node its own.`,
      };
    if (this.#options.isTaken?.(hello) === true)
      return {
        errorCode: ErrorCode.DUPLICATE_BROKER_REGISTRATION,
        errorMessage:
          `Another node of this cluster already has node.id ${hello.nodeId}, and is connected to node ${self.nodeId}. ` +
          'Give each node its own; that of a process that has just ended is free in a few seconds.',
      };
    return undefined;
  }

  #welcomed(
    welcome: MemberIdentity & { readonly errorCode: number; readonly errorMessage: string | null },
  ): void {
    const { self, dialled, logger, events } = this.#options;
    if (welcome.clusterId !== self.clusterId) events.foreign?.(this, welcome.clusterId);
    if (welcome.errorCode !== ErrorCode.NONE) {
      logger.warn('a member refused this node', {
        nodeId: welcome.nodeId,
        address: this.remoteAddress,
        reason: welcome.errorMessage,
      });
      this.close();
    } else if (welcome.clusterId !== self.clusterId)
      this.#refuse(`it belongs to cluster ${welcome.clusterId}, and this node to ${self.clusterId}`);
    else if (dialled !== undefined && dialled >= 0 && welcome.nodeId !== dialled)
      this.#refuse(`node ${dialled} was dialled, and node ${welcome.nodeId} answered`);
    else this.#meet(welcome);
  }

  #meet({ clusterId, nodeId, directoryId, incarnationId, isController, isBroker }: MemberIdentity): void {
    this.#peer = { clusterId, nodeId, directoryId, incarnationId, isController, isBroker };
    this.#options.events.up(this, this.#peer);
  }

  #refuse(reason: string): void {
    this.#options.logger.warn('a channel to a member is given up', {
      address: this.remoteAddress,
      nodeId: this.#peer?.nodeId,
      reason,
    });
    this.reset();
  }

  #ended(end: ChannelEnd): void {
    const peer = this.#peer;
    this.#isOpen = false;
    this.#options.events.down(this, peer, end);
  }
}
