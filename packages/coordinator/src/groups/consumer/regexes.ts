import { RE2JS } from 're2js';
import type { Asker, GroupWorld } from '../world';
import type { ResolvedRegex } from './consumer-group';

/** Characters of an expression at most. */
const MAX_LENGTH = 4096;
/** Length times the repetitions that it asks for, at most: what compiling it costs. */
const MAX_EXPANDED_LENGTH = 50_000;
/** Instructions of a compiled expression at most: what matching one character may cost. */
const MAX_PROGRAM_SIZE = 5000;
/** Compiled expressions kept at most. */
const MAX_COMPILED = 1000;
/** An expression is looked up at most so often, whatever happens to the topics. Kafka's REGEX_BATCH_REFRESH_MIN_INTERVAL_MS. */
const MIN_REFRESH_INTERVAL_MS = 10_000;

/** Why an expression cannot be served. */
export interface RegexRefusal {
  readonly kind: 'refusal';
  readonly description: string;
}

const refusal = (description: string): RegexRefusal => ({ kind: 'refusal', description });

/** Repetitions multiply only where they are nested; RE2 allows no more than 1000 of one thing. */
const expandedLength = (regex: string): number => {
  let times = 1;
  for (const [, least, most] of regex.matchAll(/\{(\d+)(?:,(\d*))?\}/g))
    times = Math.min(1000, times * Math.max(1, Number(least), Number(most ?? 0)));
  return regex.length * times;
};

/** The regular expressions of KIP-848: RE2 syntax, an engine of linear time, whole names. */
export class Regexes {
  readonly #world: GroupWorld;
  readonly #compiled = new Map<string, RE2JS>();
  #topicsAt = -1;
  #topicsDigest = '';
  /** The metadata offset at which topics last were seen to have come or gone. */
  #topicsChangedAt = -1;

  constructor(world: GroupWorld) {
    this.#world = world;
  }

  /** Undefined: it can be served. */
  check(regex: string): RegexRefusal | undefined {
    const compiled = this.#compile(regex);
    return compiled instanceof RE2JS ? undefined : compiled;
  }

  /** Is it time to look it up anew: unresolved, topics have come or gone, or it is long ago. */
  isStale(resolved: ResolvedRegex | undefined, wallMs: number): boolean {
    if (resolved === undefined) return true;
    const age = wallMs - resolved.timestamp;
    if (age < 0 || age > this.#world.settings.regexRefreshIntervalMs) return true;
    return age > MIN_REFRESH_INTERVAL_MS && this.#lastChangeOfTopics() > resolved.version;
  }

  /** All topics that it matches as a whole and that the asker may describe. */
  resolve(regex: string, asker: Asker, wallMs: number): ResolvedRegex {
    const compiled = this.#compile(regex);
    const topics: string[] = [];
    if (compiled instanceof RE2JS) {
      for (const name of this.#world.topicNames())
        if (compiled.testExact(name) && this.#world.mayDescribeTopic(asker, name)) topics.push(name);
    }
    return { topics: topics.sort(), version: this.#world.metadataOffset, timestamp: wallMs };
  }

  #compile(regex: string): RE2JS | RegexRefusal {
    const known = this.#compiled.get(regex);
    if (known !== undefined) return known;
    if (regex.length > MAX_LENGTH) return refusal(`it is longer than ${MAX_LENGTH} characters`);
    if (expandedLength(regex) > MAX_EXPANDED_LENGTH) return refusal('it repeats too much');
    let compiled: RE2JS;
    try {
      compiled = RE2JS.compile(regex);
    } catch (error) {
      return refusal(error instanceof Error ? error.message : String(error));
    }
    if (compiled.programSize() > MAX_PROGRAM_SIZE) return refusal('it is too complex');
    if (this.#compiled.size >= MAX_COMPILED) {
      for (const oldest of this.#compiled.keys()) {
        this.#compiled.delete(oldest);
        break;
      }
    }
    this.#compiled.set(regex, compiled);
    return compiled;
  }

  #lastChangeOfTopics(): number {
    const { metadataOffset } = this.#world;
    if (this.#topicsAt === metadataOffset) return this.#topicsChangedAt;
    let count = 0;
    let sum = 0;
    for (const name of this.#world.topicNames()) {
      let hash = 0x811c9dc5;
      for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
      count += 1;
      sum = (sum + (hash >>> 0)) % 0x1_0000_0000_0000;
    }
    const digest = `${count}/${sum}`;
    if (digest !== this.#topicsDigest) this.#topicsChangedAt = metadataOffset;
    this.#topicsDigest = digest;
    this.#topicsAt = metadataOffset;
    return this.#topicsChangedAt;
  }
}
