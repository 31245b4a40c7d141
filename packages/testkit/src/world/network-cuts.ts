import type { MemberAddress } from '@kafkaesque/kernel';
import { Failure, assert } from '@kafkaesque/kernel';
import type { MemberDialer } from '@kafkaesque/transport';
import type { CutPatience } from './cut-channel';
import { CUT_PATIENCE, CutChannel } from './cut-channel';

/** A channel between two nodes. */
interface Way {
  readonly from: number;
  readonly to: number | undefined;
  readonly channel: CutChannel;
}

/** Which nodes of a cluster hear each other. Clients are no members: they reach every node. */
export class NetworkCuts {
  readonly #patience: CutPatience;
  readonly #nodeAt = new Map<number, number>();
  readonly #ways = new Set<Way>();
  /** Nodes that are about to be gone: whatever they still do, nobody hears of it. */
  readonly #silenced = new Set<number>();
  /** By node; those that no group names are together in another one. Undefined: all hear each other. */
  #groupOf: ReadonlyMap<number, number> | undefined;

  constructor(patience = CUT_PATIENCE) {
    this.#patience = patience;
  }

  /** Says which node listens on a port of the loopback. */
  register(nodeId: number, port: number): void {
    this.#nodeAt.set(port, nodeId);
  }

  partition(groups: readonly (readonly number[])[]): void {
    const groupOf = new Map<number, number>();
    groups.forEach((group, index) => {
      for (const nodeId of group) {
        assert(!groupOf.has(nodeId), `node ${nodeId} is in two groups`);
        groupOf.set(nodeId, index);
      }
    });
    this.#groupOf = groupOf;
    this.#apply();
  }

  heal(): void {
    this.#groupOf = undefined;
    this.#apply();
  }

  /** Nothing that a node sends by what it has dialled arrives, until `unsilence`. */
  silence(nodeId: number): void {
    this.#silenced.add(nodeId);
    this.#apply();
  }

  unsilence(nodeId: number): void {
    this.#silenced.delete(nodeId);
  }

  /** What a node dials with. */
  dialer(from: number, inner: MemberDialer): MemberDialer {
    const own = new Set<CutChannel>();
    let isClosed = false;
    const shuttingDown = {
      kind: 'failed',
      cause: new Failure('DIALER_CLOSED', 'this node is shutting down'),
    } as const;
    return {
      dial: (address) => {
        const to = this.#nodeAt.get(address.port);
        const channel = new CutChannel({
          remoteAddress: textOf(address),
          dial: () => inner.dial(address),
          isCut: !isClosed && this.#isCut(from, to),
          patience: this.#patience,
          left: () => {
            this.#ways.delete(way);
            own.delete(channel);
          },
        });
        const way = { from, to, channel };
        this.#ways.add(way);
        own.add(channel);
        return channel;
      },
      close: () => {
        isClosed = true;
        inner.close();
        for (const channel of own) channel.giveUp(shuttingDown);
      },
    };
  }

  #isCut(from: number, to: number | undefined): boolean {
    if (this.#silenced.has(from)) return true;
    if (this.#groupOf === undefined || to === undefined) return false;
    return this.#groupOf.get(from) !== this.#groupOf.get(to);
  }

  #apply(): void {
    for (const { from, to, channel } of this.#ways)
      if (this.#isCut(from, to)) channel.cut();
      else channel.mend();
  }
}

const textOf = ({ host, port }: MemberAddress): string => `${host}:${port}`;
