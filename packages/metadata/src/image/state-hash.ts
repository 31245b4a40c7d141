import type { ProducerId, TopicId } from '@kafkaesque/kernel';
import type { Endpoint, SupportedFeature } from '../records';
import type { BrokerImage, ConfigResource, ControllerImage, PartitionImage } from './metadata-image';

/** A sum over all facts of an image, as two 32-bit integers. */
export interface StateSum {
  readonly a: number;
  readonly b: number;
}

/** The sum over no facts. */
export const emptySum: StateSum = { a: 0, b: 0 };

/** The sum as 16 hexadecimal digits. */
export const hashText = ({ a, b }: StateSum): string =>
  [a, b].map((lane) => (lane >>> 0).toString(16).padStart(8, '0')).join('');

const TWO_TO_32 = 2 ** 32;

/** Two 32-bit hashes of one fact, made of its fields one after the other. */
class FactHash {
  a: number;
  b: number;

  constructor(kind: number) {
    this.a = kind;
    this.b = ~kind;
    this.word(kind);
  }

  word(value: number): this {
    this.a = Math.imul(this.a ^ value, 0x9e3779b1);
    this.a ^= this.a >>> 15;
    this.b = Math.imul(this.b ^ value, 0x85ebca6b);
    this.b ^= this.b >>> 13;
    return this;
  }

  /** A safe integer. */
  number(value: number): this {
    return this.word(value | 0).word(Math.floor(value / TWO_TO_32) | 0);
  }

  text(value: string): this {
    this.word(value.length);
    for (let i = 0; i < value.length; i += 2)
      this.word(value.charCodeAt(i) | ((i + 1 < value.length ? value.charCodeAt(i + 1) : 0) << 16));
    return this;
  }

  words(values: readonly number[]): this {
    this.word(values.length);
    for (const value of values) this.word(value);
    return this;
  }

  texts(values: readonly string[]): this {
    this.word(values.length);
    for (const value of values) this.text(value);
    return this;
  }
}

/** Spreads what the last fields did over all bits. */
const avalanche = (lane: number): number => {
  let mixed = Math.imul(lane ^ (lane >>> 16), 0x7feb352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  return mixed ^ (mixed >>> 16);
};

const endpointsInto = (hash: FactHash, endpoints: ReadonlyMap<string, Endpoint>): void => {
  hash.word(endpoints.size);
  for (const { name, host, port, securityProtocol } of endpoints.values())
    hash.text(name).text(host).word(port).word(securityProtocol);
};

const featuresInto = (hash: FactHash, features: readonly SupportedFeature[]): void => {
  hash.word(features.length);
  for (const { name, minSupportedVersion, maxSupportedVersion } of features)
    hash.text(name).word(minSupportedVersion).word(maxSupportedVersion);
};

/** Each kind of fact by its own number, so that no two kinds are taken for one another. */
const partitionFact = (topicId: TopicId, partition: PartitionImage): FactHash =>
  new FactHash(1)
    .text(topicId)
    .word(partition.partition)
    .words(partition.replicas)
    .texts(partition.directories)
    .words(partition.isr)
    .word(partition.leader)
    .word(partition.leaderEpoch)
    .word(partition.partitionEpoch)
    .word(partition.leaderRecoveryState)
    .words(partition.addingReplicas)
    .words(partition.removingReplicas)
    .words(partition.eligibleLeaderReplicas)
    .words(partition.lastKnownElr);

const brokerFact = (broker: BrokerImage): FactHash => {
  const hash = new FactHash(2).word(broker.brokerId).number(broker.epoch).text(broker.incarnationId);
  endpointsInto(hash, broker.endpoints);
  featuresInto(hash, broker.features);
  hash.word(broker.rack === null ? 0 : 1).text(broker.rack ?? '');
  hash.word(Number(broker.fenced)).word(Number(broker.inControlledShutdown)).texts(broker.directories);
  return hash.number(broker.provedEpoch);
};

const controllerFact = (controller: ControllerImage): FactHash => {
  const hash = new FactHash(3).word(controller.controllerId).text(controller.incarnationId);
  endpointsInto(hash, controller.endpoints);
  featuresInto(hash, controller.features);
  return hash;
};

/**
 * The state's hash under change: the sum of one hash for each fact, so that it does not depend on the order of the
 * facts or on how they came to be, and costs only what changes. Not a protection against forgery.
 */
export class StateHashDraft {
  #a: number;
  #b: number;

  constructor(before: StateSum) {
    this.#a = before.a;
    this.#b = before.b;
  }

  topic(topicId: TopicId, name: string, sign: 1 | -1): void {
    this.#count(new FactHash(4).text(topicId).text(name), sign);
  }

  partition(topicId: TopicId, before: PartitionImage | undefined, after: PartitionImage | undefined): void {
    if (before === after) return;
    if (before !== undefined) this.#count(partitionFact(topicId, before), -1);
    if (after !== undefined) this.#count(partitionFact(topicId, after), 1);
  }

  broker(before: BrokerImage | undefined, after: BrokerImage | undefined): void {
    if (before !== undefined) this.#count(brokerFact(before), -1);
    if (after !== undefined) this.#count(brokerFact(after), 1);
  }

  controller(before: ControllerImage | undefined, after: ControllerImage | undefined): void {
    if (before !== undefined) this.#count(controllerFact(before), -1);
    if (after !== undefined) this.#count(controllerFact(after), 1);
  }

  config(
    resource: ConfigResource,
    name: string,
    before: string | undefined,
    after: string | undefined,
  ): void {
    const fact = (value: string): FactHash =>
      new FactHash(5).word(resource.type).text(resource.name).text(name).text(value);
    if (before !== undefined) this.#count(fact(before), -1);
    if (after !== undefined) this.#count(fact(after), 1);
  }

  /** Level 0: not finalized. */
  feature(name: string, before: number, after: number): void {
    if (before !== 0) this.#count(new FactHash(6).text(name).word(before), -1);
    if (after !== 0) this.#count(new FactHash(6).text(name).word(after), 1);
  }

  nextProducerId(before: ProducerId, after: ProducerId): void {
    this.#count(new FactHash(7).number(before), -1);
    this.#count(new FactHash(7).number(after), 1);
  }

  finish(): StateSum {
    return { a: this.#a, b: this.#b };
  }

  #count(fact: FactHash, sign: 1 | -1): void {
    this.#a = (this.#a + sign * avalanche(fact.a)) | 0;
    this.#b = (this.#b + sign * avalanche(fact.b)) | 0;
  }
}
