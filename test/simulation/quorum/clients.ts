import { BrokerEpoch, BrokerId, TopicId, ZERO_TOPIC_ID, hasCode } from '@kafkaesque/kernel';
import type { Random } from '@kafkaesque/kernel';
import { brokerById, isActive, registeredFeatures, topicByName } from '@kafkaesque/metadata';
import type { Command, MetadataImage } from '@kafkaesque/metadata';
import { ErrorCode } from '@kafkaesque/protocol';
import type { CommandOutcome } from '@kafkaesque/server';
import { Violation } from '../runner/suite';
import type { Cluster, Member } from './cluster';
import type { RunningNode } from './node';
import type { Committed } from './oracle/committed';

/** How the commands and reads of clients ended. */
export interface ClientCounts {
  done: number;
  refused: number;
  notController: number;
  unknown: number;
  reads: number;
  failedReads: number;
}

/** Whoever forwards a command tries for 30 s, by its own clock, and then answers even if it does not show it yet. */
const LONGEST_ANSWER_MS = 25_000;
const BROKERS = 3;
const TOPICS_KEPT = 30;

/** What one creation of a topic may have come to. */
type Fate = 'open' | 'done' | 'never';

/**
 * Clients that change the metadata and read it, and remember every answer: what was acknowledged must be there for
 * ever, what was refused never, and a read must show everything that was there when it was asked for (R12).
 */
export class Clients {
  readonly counts: ClientCounts = {
    done: 0,
    refused: 0,
    notController: 0,
    unknown: 0,
    reads: 0,
    failedReads: 0,
  };
  violation: Violation | undefined;
  readonly #cluster: Cluster;
  readonly #committed: Committed;
  readonly #random: Random;
  /** By topic id, which every attempt has for itself. */
  readonly #creations = new Map<string, Fate>();
  #attempts = 0;
  #resting = false;

  constructor(cluster: Cluster, committed: Committed) {
    this.#cluster = cluster;
    this.#committed = committed;
    this.#random = cluster.random.fork('clients');
    committed.createdTopic = (id, offset) => this.#created(id, offset);
  }

  begin(): void {
    for (let client = 0; client < this.#cluster.shape.clientCount; client++) this.#think();
  }

  rest(): void {
    this.#resting = true;
  }

  /** One command to a member, and its outcome judged. */
  async command(
    member: Member,
    controller: RunningNode,
    command = this.#draw(controller.image),
  ): Promise<CommandOutcome<unknown>['kind']> {
    const knownAt = this.#committed.lastIndex;
    const life = member.machine.process?.life;
    const askedMs = this.#cluster.nowMs;
    const id = command.kind === 'create-topics' ? [...command.topicIds.values()][0] : undefined;
    if (id !== undefined) this.#creations.set(id, 'open');
    const outcome = await controller.submit(command);
    if (life?.alive !== true) return 'unknown';
    this.#judge(command, outcome, id, knownAt);
    const isLate = this.#cluster.nowMs - askedMs > LONGEST_ANSWER_MS;
    if (outcome.kind === 'done' && controller.image.offset < outcome.offset && !isLate)
      this.#violate(
        'what is acknowledged is shown',
        `${member.machine.name} says that ${command.kind} is done at ${outcome.offset}, and shows ${controller.image.offset}`,
      );
    return outcome.kind;
  }

  #think(): void {
    if (this.#resting) return;
    const { scheduler, shape } = this.#cluster;
    scheduler.after(1 + this.#random.below(shape.thinkMs), 'client', () => {
      const target = this.#target();
      if (target === undefined || this.#resting) {
        this.#think();
        return;
      }
      // Whoever asks a process that dies never hears of it: somebody else asks the next question meanwhile.
      let over = false;
      const goOn = (): void => {
        if (!over) this.#think();
        over = true;
      };
      const [member, controller] = target;
      void (
        this.#random.below(4) === 0 ? this.#read(member, controller) : this.command(member, controller)
      ).then(goOn, (cause: unknown) => {
        this.#violate('a client gets an answer', String(cause));
        goOn();
      });
      scheduler.after(1_000, 'client.patience', goOn);
    });
  }

  /** Somebody who runs; mostly whoever says that it leads, of which there may be two. */
  #target(): readonly [Member, RunningNode] | undefined {
    const running = this.#cluster.members.flatMap((member) =>
      member.running === undefined ? [] : [[member, member.running] as const],
    );
    const leading = running.filter(([, { quorum }]) => quorum?.leadership.kind === 'leader');
    const choices = leading.length > 0 && this.#random.below(2) === 0 ? leading : running;
    return choices.length === 0 ? undefined : choices[this.#random.below(choices.length)];
  }

  async #read(member: Member, controller: RunningNode): Promise<void> {
    if (controller.quorum === undefined) return;
    const { lastIndex } = this.#committed;
    const life = member.machine.process?.life;
    try {
      const offset = await controller.quorum.readBarrier();
      if (life?.alive !== true) return;
      this.counts.reads += 1;
      const shown = controller.image.offset;
      if (offset < lastIndex || shown < lastIndex)
        this.#violate(
          'R12 linearizable reads',
          `${member.machine.name} answers a read with offset ${offset} and shows ${shown}; ${lastIndex} was committed when it was asked`,
        );
    } catch (cause) {
      this.counts.failedReads += 1;
      if (!hasCode(cause, 'NOT_LEADER')) throw cause;
    }
  }

  #judge(command: Command, outcome: CommandOutcome<unknown>, id: TopicId | undefined, knownAt: number): void {
    if (outcome.kind === 'done') {
      this.counts.done += 1;
      if (outcome.offset > this.#committed.lastIndex)
        this.#violate('what is acknowledged is committed', `${command.kind} at offset ${outcome.offset}`);
      if (id === undefined) return;
      const errorCode = errorOf(outcome.response);
      if (errorCode === ErrorCode.NONE) this.#settle(id, 'done', outcome.offset);
      else if (errorCode !== ErrorCode.REQUEST_TIMED_OUT) this.#settle(id, 'never', knownAt);
    } else if (outcome.kind === 'unknown') this.counts.unknown += 1;
    else {
      if (outcome.kind === 'refused') this.counts.refused += 1;
      else this.counts.notController += 1;
      if (id !== undefined) this.#settle(id, 'never', knownAt);
    }
  }

  #settle(id: TopicId, fate: 'done' | 'never', offset: number): void {
    this.#creations.set(id, fate);
    const createdAt = this.#committed.topicOffsets.get(id);
    if (fate === 'never' && createdAt !== undefined)
      this.#violate(
        'what is refused never happens',
        `topic ${id} was refused and is there since ${createdAt}`,
      );
    if (fate === 'done' && (createdAt === undefined || createdAt > offset))
      this.#violate(
        'what is acknowledged is committed',
        `topic ${id} was created at offset ${offset}, and is not there`,
      );
  }

  /** A creation is committed. */
  #created(id: string, offset: number): void {
    if (this.#creations.get(id) === 'never')
      this.#violate(
        'what is refused never happens',
        `topic ${id} was refused, and is committed at ${offset}`,
      );
  }

  #draw(image: MetadataImage): Command {
    const random = this.#random;
    const brokerId = BrokerId(100 + random.below(BROKERS));
    const broker = brokerById(image, brokerId);
    if (broker === undefined || random.below(40) === 0) return registration(brokerId, random);
    const { epoch: brokerEpoch } = broker;
    if (!isActive(broker)) return { kind: 'unfence-broker', brokerId, brokerEpoch };
    const known = image.topicsById.size;
    const choice = random.below(10);
    if (choice < 2) return config(random);
    if (choice < 4 || known > TOPICS_KEPT) return this.#deletion(image);
    if (choice === 4) return { kind: 'fence-broker', brokerId, brokerEpoch };
    if (choice === 5) return { kind: 'allocate-producer-ids', brokerId, brokerEpoch };
    return this.#creation();
  }

  #creation(): Command {
    const name = `t${this.#random.below(60)}`;
    const id = Buffer.alloc(16);
    id.writeUInt32BE(1, 0);
    id.writeUInt32BE(++this.#attempts, 12);
    return {
      kind: 'create-topics',
      topics: [
        {
          name,
          numPartitions: 1 + this.#random.below(3),
          replicationFactor: 1,
          assignments: [],
          configs: [],
        },
      ],
      validateOnly: false,
      topicIds: new Map([[name, TopicId(id.toString('base64url'))]]),
    };
  }

  #deletion(image: MetadataImage): Command {
    const name = `t${this.#random.below(60)}`;
    const topic = topicByName(image, name);
    // As a broker sends it: by its id where it knows the topic, which may be sent again, otherwise by its name.
    const wish =
      topic === undefined ? { name, topicId: ZERO_TOPIC_ID } : { name: null, topicId: topic.topicId };
    return { kind: 'delete-topics', topics: [wish], retried: false };
  }

  #violate(invariant: string, message: string): void {
    this.violation ??= new Violation(invariant, message);
  }
}

const errorOf = (response: unknown): number => {
  const { topics } = response as { readonly topics: readonly { readonly errorCode: number }[] };
  return topics[0]?.errorCode ?? ErrorCode.NONE;
};

const registration = (brokerId: BrokerId, random: Random): Command => ({
  kind: 'register-broker',
  brokerId,
  clusterId: 'simulated',
  incarnationId: random.bytes(16).toString('base64url'),
  listeners: [{ name: 'PLAINTEXT', host: `b${brokerId}`, port: 9092, securityProtocol: 0 }],
  features: registeredFeatures({ supportedKraftVersions: { min: 0, max: 1 } }),
  rack: null,
  logDirs: [random.bytes(16).toString('base64url')],
  previousBrokerEpoch: BrokerEpoch(-1),
});

/** A change that is never refused. */
export const config = (random: Random): Command => ({
  kind: 'incremental-alter-configs',
  resources: [
    {
      resourceType: 4,
      resourceName: '',
      configs: [{ name: `c${random.below(10)}`, configOperation: 0, value: String(random.below(1000)) }],
    },
  ],
  validateOnly: false,
});
