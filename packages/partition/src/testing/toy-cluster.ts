import { BrokerId, SeededRandom } from '@kafkaesque/kernel';
import type { LeaderEpoch } from '@kafkaesque/kernel';
import { ErrorCode } from '@kafkaesque/protocol';
import type { AlterPartitionAnswer } from '../in-sync';
import { batchOf, produce } from '../scenario';
import { ClusterOracle, demand } from './cluster-oracle';
import { ToyBroker } from './toy-broker';
import type { ToySurroundings, ToyWait } from './toy-broker';
import { ToyController } from './toy-controller';
import type { AlterPartition, ToyImage } from './toy-controller';
import type { ToyStream } from './toy-stream';

interface Producer {
  readonly producerId: number;
  sequence: number;
  count: number;
}

interface Question {
  readonly broker: ToyBroker;
  readonly incarnation: number;
  readonly question: AlterPartition;
  /** Its host has given up waiting: the answer, if one comes, is not passed on. */
  isGivenUp: boolean;
}

/** What may happen next, and how often. */
const steps = {
  produce: 24,
  stray: 4,
  sync: 24,
  push: 26,
  up: 26,
  down: 26,
  learn: 20,
  ask: 8,
  answer: 8,
  giveUp: 1,
  tick: 4,
  notice: 3,
  follow: 6,
  finishCut: 6,
  breakStream: 1,
  crash: 2,
  start: 3,
  fence: 1,
  unfence: 3,
  elect: 1,
  failAppend: 1,
} as const;
export type Step = keyof typeof steps;
export const stepTable: readonly Step[] = (Object.keys(steps) as Step[]).flatMap((step) =>
  Array.from({ length: steps[step] }, () => step),
);

/** Three machines on toy logs and a toy network, an oracle as controller, and idempotent producers with acks=all. */
export class ToyCluster implements ToySurroundings {
  readonly replicas = [BrokerId(1), BrokerId(2), BrokerId(3)];
  readonly minInsyncReplicas: number;
  readonly controller = new ToyController(this.replicas);
  readonly oracle = new ClusterOracle();
  readonly brokers: readonly ToyBroker[];
  readonly #random: SeededRandom;
  #streams: ToyStream[] = [];
  #questions: Question[] = [];
  #answers: { readonly asked: Question; readonly answer: AlterPartitionAnswer }[] = [];
  #producers: readonly Producer[] = [1, 2, 3, 4, 5, 6].map((producerId) => ({
    producerId,
    sequence: 0,
    count: 1,
  }));
  #nowMs = 0;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed, 'toy cluster');
    this.minInsyncReplicas = 1 + this.#random.below(2);
    this.brokers = this.replicas.map((id) => new ToyBroker(id, this));
    for (const broker of this.brokers) broker.start();
  }

  // ---- what brokers ask of the world --------------------------------------------------------

  nowMs(): number {
    return this.#nowMs;
  }
  imageAt(version: number): ToyImage | undefined {
    return this.controller.images[version];
  }
  register(brokerId: BrokerId): number {
    return this.controller.register(brokerId);
  }
  openStream(follower: BrokerId, leader: BrokerId): ToyStream {
    const stream: ToyStream = { follower, leader, upward: [], downward: [], isOpen: true };
    this.#streams.push(stream);
    return stream;
  }
  ask(broker: ToyBroker, question: AlterPartition): void {
    this.#questions.push({ broker, incarnation: broker.incarnation, question, isGivenUp: false });
  }
  renew(brokerId: BrokerId, leaderEpoch: LeaderEpoch): void {
    this.controller.renew(brokerId, leaderEpoch);
  }
  acknowledged({ producerId, sequence, baseOffset }: ToyWait): void {
    this.oracle.acknowledged(producerId, sequence, baseOffset);
    const producer = this.#producers.find((candidate) => candidate.producerId === producerId);
    if (producer?.sequence !== sequence) return;
    producer.sequence += producer.count;
    producer.count = 1 + this.#random.below(3);
  }

  // ---- what happens -------------------------------------------------------------------------

  step(step: Step): void {
    this.#nowMs += this.#random.below(8);
    this.#take(step);
    this.oracle.check(this.brokers, this.controller);
  }

  #take(step: Step): void {
    switch (step) {
      case 'produce':
        return this.#produce(this.#some(({ machine }) => machine?.role.kind === 'leader'));
      case 'stray':
        return this.#produce(this.#some(isUp));
      case 'sync':
        return this.#some(({ log }) => log.durableCount < log.batches.length)?.sync(
          1 + this.#random.below(4),
        );
      case 'push':
        return this.#push(this.#some(({ feeds }) => feeds.length > 0));
      case 'up':
        for (let messages = 1 + this.#random.below(3); messages > 0; messages--) this.#up();
        return;
      case 'down':
        for (let frames = 1 + this.#random.below(3); frames > 0; frames--) this.#down();
        return;
      case 'learn':
        return void this.#some(({ version }) => version + 1 < this.controller.images.length)?.learn();
      case 'ask':
        return this.#decide();
      case 'answer':
        return this.#answer();
      case 'giveUp':
        return this.#giveUp();
      case 'tick':
        this.#nowMs += this.#random.below(60);
        return this.#some(isUp)?.tick();
      case 'notice':
        return this.#some(({ feeds }) => feeds.some(({ stream }) => !stream.isOpen))?.notice();
      case 'follow':
        return this.#some(({ stream }) => stream?.isOpen !== true)?.follow();
      case 'finishCut':
        return this.#some(({ cutTo }) => cutTo !== undefined)?.finishCut();
      case 'breakStream':
        return this.#breakStream();
      case 'crash':
        return this.#crash(this.#some(isUp));
      case 'start':
        return this.#some(({ machine }) => machine === undefined)?.start();
      case 'failAppend':
        return this.#some(isUp)?.failAppend();
      default:
        return this.#govern(step, this.#random.below(this.replicas.length) + 1);
    }
  }

  #govern(step: 'fence' | 'unfence' | 'elect', id: number): void {
    const broker = this.#broker(BrokerId(id));
    if (step === 'fence') this.controller.fence(broker.id);
    else if (step === 'elect') this.controller.elect(broker.id);
    else if (isUp(broker)) this.controller.unfence(broker.id);
  }

  /** One of the brokers to whom it can happen. */
  #some(may: (broker: ToyBroker) => boolean): ToyBroker | undefined {
    return this.#one(this.brokers.filter(may));
  }

  #one<T>(list: readonly T[]): T | undefined {
    return list[this.#random.below(list.length)];
  }

  #produce(broker: ToyBroker | undefined): void {
    const producer = this.#one(this.#producers);
    const machine = broker?.machine;
    if (producer === undefined || broker === undefined || machine === undefined) return;
    const { producerId, sequence, count } = producer;
    const outcome = produce(machine, batchOf(count, [producerId, 0, sequence]), {}, this.#nowMs);
    if (outcome.kind === 'rejected') {
      const { image } = this.controller;
      const isLed = machine.role.kind === 'leader' && machine.leaderEpoch === image.leaderEpoch;
      const isLate = outcome.error === ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER;
      demand(!isLed || !isLate, `I2: the leader ${broker.id} forgot producer ${producerId}`);
      return;
    }
    if (outcome.kind === 'recompress') return;
    if (outcome.kind === 'accepted') broker.log.append(outcome.batches);
    const { baseOffset, awaitedOffset } = outcome;
    const wait = { producerId, sequence, baseOffset, awaitedOffset };
    if (outcome.awaits === 'nothing') this.acknowledged(wait);
    else broker.waits.push(wait);
  }

  #push(broker: ToyBroker | undefined): void {
    const feed = this.#one(broker?.feeds ?? []);
    if (feed !== undefined) broker?.push(feed, this.#random.below(4));
  }

  #up(): void {
    const stream = this.#one(this.#streams.filter(({ upward }) => upward.length > 0));
    const message = stream?.upward.shift();
    if (stream !== undefined && message !== undefined) this.#broker(stream.leader).listen(stream, message);
    this.#streams = this.#streams.filter(
      ({ isOpen, upward, downward }) => isOpen || upward.length + downward.length > 0,
    );
  }

  #down(): void {
    const stream = this.#one(this.#streams.filter(({ downward }) => downward.length > 0));
    const frame = stream?.downward.shift();
    if (stream === undefined || frame === undefined) return;
    if (frame.kind === 'batches' && frame.records.length > 0 && this.#random.below(50) === 0) {
      const at = this.#random.below(frame.records.length);
      frame.records.writeUInt8(frame.records.readUInt8(at) ^ (1 << this.#random.below(8)), at);
    }
    this.#broker(stream.follower).hear(stream, frame);
  }

  #broker(id: BrokerId): ToyBroker {
    const broker = this.brokers.find((candidate) => candidate.id === id);
    if (broker === undefined) throw new Error(`there is no broker ${id}`);
    return broker;
  }

  #decide(): void {
    const asked = this.#questions.shift();
    if (asked === undefined) return;
    this.#answers.push({ asked, answer: this.controller.alterPartition(asked.broker.id, asked.question) });
  }

  #answer(): void {
    const next = this.#answers.shift();
    if (next !== undefined && !next.asked.isGivenUp) this.#tell(next.asked, next.answer);
  }

  #tell({ broker, incarnation }: Question, answer: AlterPartitionAnswer): void {
    if (broker.incarnation !== incarnation || broker.machine === undefined) return;
    broker.carryOut(broker.machine.alterPartitionAnswered(answer, this.#nowMs));
  }

  /** A host gives up an answer; whether the question is decided nevertheless nobody knows. */
  #giveUp(): void {
    const asked = this.#one(
      [...this.#questions, ...this.#answers.map((answer) => answer.asked)].filter((one) => !one.isGivenUp),
    );
    if (asked === undefined) return;
    asked.isGivenUp = true;
    const { leaderEpoch, partitionEpoch } = asked.question;
    this.#tell(asked, {
      ...{ kind: 'refused', leaderEpoch, partitionEpoch },
      error: ErrorCode.REQUEST_TIMED_OUT,
    });
  }

  #breakStream(): void {
    const stream = this.#one(this.#streams);
    if (stream === undefined) return;
    stream.isOpen = false;
    if (this.#random.below(2) === 0) stream.upward.length = 0;
    stream.downward.length = 0;
  }

  #crash(broker: ToyBroker | undefined): void {
    if (broker === undefined) return;
    const undurable = broker.log.batches.length - broker.log.durableCount;
    broker.crash(this.#random.below(undurable + 1));
    for (const stream of this.#streams) {
      if (stream.leader === broker.id) stream.upward.length = 0;
      if (stream.follower === broker.id) stream.downward.length = 0;
    }
  }

  // ---- afterwards ---------------------------------------------------------------------------

  /** Nothing fails any more: everybody must come together, and everything sent must be acknowledged. */
  heal(): void {
    const sent = this.#producers.map(({ sequence }) => sequence);
    for (let round = 0; round < 60 && !this.#isHealed(sent); round++) {
      for (const broker of this.brokers) {
        if (broker.machine === undefined) broker.start();
        this.controller.unfence(broker.id);
        broker.finishCut();
        while (broker.learn());
        broker.notice();
        broker.follow();
        if (round < 10) this.#produce(broker);
        broker.sync(100);
        for (const feed of broker.feeds) broker.push(feed, 100);
        if (round % 5 === 4) broker.tick();
      }
      for (let i = 0; i < 100; i++) for (const step of healing) this.#take(step);
      this.oracle.check(this.brokers, this.controller);
      this.#nowMs += 10;
    }
    this.#checkHealed(sent);
  }

  #isHealed(sent: readonly number[]): boolean {
    const isSent = this.#producers.some(({ sequence }, i) => sequence > (sent[i] ?? 0));
    return (
      isSent &&
      this.controller.image.inSyncReplicas.length === this.replicas.length &&
      this.brokers.every(({ machine, log }) => machine?.highWatermark === log.endOffset) &&
      new Set(this.brokers.map(({ log }) => log.endOffset)).size === 1
    );
  }

  #checkHealed(sent: readonly number[]): void {
    const [first, ...others] = this.brokers;
    const identities = first?.log.batches.map((batch) => batch.identity);
    const snapshot = first?.machine?.producerSnapshot().bytes;
    for (const { id, log, machine } of others) {
      const same = log.batches.map((batch) => batch.identity).join('\n') === identities?.join('\n');
      demand(same, `P4: in the end ${id} has another log`);
      const bytes = machine?.producerSnapshot().bytes;
      demand(
        bytes !== undefined && snapshot?.equals(bytes) === true,
        `I2: in the end ${id} knows other producers`,
      );
    }
    for (const { id, log, machine } of this.brokers)
      demand(machine?.highWatermark === log.endOffset, `liveness: ${id} does not expose all it has`);
    demand(this.controller.image.inSyncReplicas.length === 3, 'liveness: not everybody is in sync');
    const acknowledged = this.#producers.some(({ sequence }, i) => sequence > (sent[i] ?? 0));
    demand(acknowledged, 'liveness: nothing was acknowledged');
  }
}

const isUp = ({ machine }: ToyBroker): boolean => machine !== undefined;

const healing: readonly Step[] = ['up', 'down', 'ask', 'answer'];
