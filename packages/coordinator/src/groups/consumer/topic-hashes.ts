import type { GroupWorld, TopicView } from '../world';

/** Two sums of 32 bits. */
interface Lanes {
  readonly low: number;
  readonly high: number;
}

const mix = (hash: number, value: number): number => {
  const mixed = Math.imul(hash ^ value, 0x85ebca6b);
  return Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35) ^ (mixed >>> 13);
};

const mixText = (hash: number, text: string): number => {
  let mixed = mix(hash, text.length);
  for (let at = 0; at < text.length; at++) mixed = Math.imul(mixed ^ text.charCodeAt(at), 0x01000193);
  return mix(mixed, 0x9e3779b9);
};

const hashOf = (topic: TopicView): Lanes => {
  let low = mixText(mixText(0x2b992ddf, topic.topicId), topic.name);
  let high = mixText(mixText(0x165667b1, topic.name), topic.topicId);
  low = mix(low, topic.partitionCount);
  high = mix(high, ~topic.partitionCount);
  for (let partition = 0; partition < topic.partitionCount; partition++) {
    const racks = topic.racksOf(partition);
    if (racks.length === 0) continue;
    for (const rack of racks.length === 1 ? racks : [...racks].sort()) {
      low = mixText(mix(low, partition), rack);
      high = mixText(mix(high, partition), rack);
    }
  }
  return { low: low >>> 0, high: high >>> 0 };
};

/**
 * The metadata hash of a group (KIP-1101): changes when a topic that it reads comes, goes, is made anew, or gets
 * partitions or racks. Ours, of 53 bits: Kafka's XXH3 has 64, and neither reads the other's but to compare it with its own.
 */
export class TopicHashes {
  readonly #world: GroupWorld;
  readonly #known = new Map<string, Lanes>();
  #metadataOffset = -1;

  constructor(world: GroupWorld) {
    this.#world = world;
  }

  /** Of all of these topics that exist, in whatever order; 0: none does. */
  of(names: Iterable<string>): number {
    if (this.#metadataOffset !== this.#world.metadataOffset) {
      this.#known.clear();
      this.#metadataOffset = this.#world.metadataOffset;
    }
    let low = 0;
    let high = 0;
    for (const name of names) {
      const lanes = this.#ofTopic(name);
      if (lanes === undefined) continue;
      low = (low + lanes.low) >>> 0;
      high = (high + lanes.high) >>> 0;
    }
    return (high >>> 11) * 0x1_0000_0000 + low;
  }

  #ofTopic(name: string): Lanes | undefined {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const topic = this.#world.topicByName(name);
    if (topic === undefined) return undefined;
    const lanes = hashOf(topic);
    this.#known.set(name, lanes);
    return lanes;
  }
}
