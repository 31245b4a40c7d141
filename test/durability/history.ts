import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs';
import type { Fact, PartitionHistory, PartitionReading, SentValue } from './acknowledged';
import { nameOf } from './acknowledged';
import { settleTopics } from './topic-states';
import type { KnownTopic, ListedTopic } from './topic-states';

/** How the last process ended. */
export type Ending = 'clean' | 'killed';

/** One line of the file: what happened, so that a later run can go on. */
type Line =
  | { readonly kind: 'topics'; readonly topics: readonly KnownTopic[] }
  | { readonly kind: 'round'; readonly round: number; readonly ending: Ending }
  | readonly [
      offset: number,
      topicId: string,
      partition: number,
      producer: string,
      sequence: number,
      isIdempotent: 0 | 1,
      source: 'a' | 'r',
    ]
  | readonly [logStartOffset: number, topicId: string, partition: number];

interface KnownPartition {
  readonly facts: Map<number, Fact>;
  /** Facts about offsets of which another fact was known. */
  readonly contradictions: Fact[];
  logStartOffset: number;
}

const BUFFERED_LINES = 500;

/** Everything that anybody was told, over all rounds; kept in a file as well when one is named. */
export class History {
  readonly #partitions = new Map<string, KnownPartition>();
  readonly #file: string | undefined;
  #lines: string[] = [];
  #topics: readonly KnownTopic[] = [];
  #lastRound: { readonly round: number; readonly ending: Ending } = { round: 0, ending: 'clean' };
  #acknowledged = 0;

  /** Goes on with what the file holds, if it is there. */
  constructor(file?: string) {
    this.#file = undefined;
    if (file !== undefined && existsSync(file)) {
      const text = readFileSync(file, 'utf8');
      // The last line is cut short when this program was killed.
      const whole = text.slice(0, text.lastIndexOf('\n') + 1);
      truncateSync(file, Buffer.byteLength(whole));
      for (const line of whole.split('\n')) if (line !== '') this.#replay(JSON.parse(line) as Line);
    }
    this.#file = file;
  }

  get topics(): readonly KnownTopic[] {
    return this.#topics;
  }

  get lastRound(): { readonly round: number; readonly ending: Ending } {
    return this.#lastRound;
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Replaces what is known of one topic, or adds it. */
  note(topic: KnownTopic, instead?: KnownTopic): void {
    this.#setTopics([...this.#topics.filter((known) => known !== instead), topic]);
  }

  /** Compares with what a fresh node lists; returns the contradictions. */
  settle(listing: readonly ListedTopic[]): readonly string[] {
    const { topics, violations } = settleTopics(this.#topics, listing);
    this.#setTopics(topics);
    return violations;
  }

  acknowledge(topicId: string, partition: number, offset: number, value: SentValue): void {
    this.#acknowledged += 1;
    this.#add(topicId, partition, { offset, value, source: 'acknowledged' });
  }

  /** What was read once must be there for ever. */
  observe(topicId: string, partition: number, reading: PartitionReading): void {
    const known = this.#partition(topicId, partition);
    for (const { offset, value } of reading.records) {
      if (value !== 'damaged' && !known.facts.has(offset))
        this.#add(topicId, partition, { offset, value, source: 'read' });
    }
    if (reading.logStartOffset <= known.logStartOffset) return;
    known.logStartOffset = reading.logStartOffset;
    this.#write([reading.logStartOffset, topicId, partition]);
  }

  /** What is known of a partition now; later acknowledgements do not change it. */
  of(topic: KnownTopic, topicId: string, partition: number): PartitionHistory {
    const { facts, contradictions, logStartOffset } = this.#partition(topicId, partition);
    return {
      topic: topic.name,
      partition,
      facts: [...facts.values(), ...contradictions],
      logStartOffset,
      keepsBytes: topic.keepsBytes,
    };
  }

  /** A process starts: should this program be killed as well, the one before it did not end cleanly for the next. */
  beginRound(): void {
    this.#write({ kind: 'round', round: this.#lastRound.round, ending: 'killed' });
    this.save();
  }

  endRound(round: number, ending: Ending): void {
    this.#lastRound = { round, ending };
    this.#write({ kind: 'round', round, ending });
    this.save();
  }

  save(): void {
    if (this.#file !== undefined && this.#lines.length > 0)
      appendFileSync(this.#file, `${this.#lines.join('\n')}\n`);
    this.#lines = [];
  }

  #partition(topicId: string, partition: number): KnownPartition {
    const key = `${topicId}/${partition}`;
    let known = this.#partitions.get(key);
    if (known === undefined) {
      known = { facts: new Map(), contradictions: [], logStartOffset: 0 };
      this.#partitions.set(key, known);
    }
    return known;
  }

  #add(topicId: string, partition: number, fact: Fact): void {
    const { facts, contradictions } = this.#partition(topicId, partition);
    const earlier = facts.get(fact.offset);
    const isTheSame = earlier !== undefined && nameOf(earlier.value) === nameOf(fact.value);
    if (isTheSame && (earlier.source === 'acknowledged' || fact.source === 'read')) return;
    if (earlier === undefined || isTheSame) facts.set(fact.offset, fact);
    else contradictions.push(fact);
    const { producer, sequence, isIdempotent } = fact.value;
    const source = fact.source === 'read' ? 'r' : 'a';
    this.#write([fact.offset, topicId, partition, producer, sequence, isIdempotent ? 1 : 0, source]);
  }

  #setTopics(topics: readonly KnownTopic[]): void {
    this.#topics = topics;
    this.#write({ kind: 'topics', topics });
    this.save();
  }

  #write(line: Line): void {
    if (this.#file === undefined) return;
    this.#lines.push(JSON.stringify(line));
    if (this.#lines.length >= BUFFERED_LINES) this.save();
  }

  #replay(line: Line): void {
    if ('kind' in line) {
      if (line.kind === 'topics') this.#topics = line.topics;
      else this.#lastRound = line;
      return;
    }
    if (line.length === 3) {
      const [logStartOffset, topicId, partition] = line;
      this.#partition(topicId, partition).logStartOffset = logStartOffset;
      return;
    }
    const [offset, topicId, partition, producer, sequence, isIdempotent, source] = line;
    const value = { producer, sequence, isIdempotent: isIdempotent === 1 };
    if (source === 'a') this.acknowledge(topicId, partition, offset, value);
    else this.#add(topicId, partition, { offset, value, source: 'read' });
  }
}
