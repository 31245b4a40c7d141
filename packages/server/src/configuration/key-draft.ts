import type { Check, ConfigurationKey, KeyType, UpdateMode } from './key';

/** A key under construction: a table reads as one sentence a key. Importance is medium unless said otherwise. */
export class KeyDraft implements ConfigurationKey {
  readonly type: KeyType;
  readonly default: string | null;
  readonly sentence: string;
  readonly check: Check | undefined;
  readonly importance: 'high' | 'medium' | 'low';
  readonly update: UpdateMode;
  readonly effect: 'full' | 'none';
  readonly origin: 'kafka' | 'kafkaesque';
  readonly isInternal: boolean;
  readonly isBoundedByBrokers: boolean;

  readonly #fields: ConfigurationKey;

  constructor(fields: ConfigurationKey) {
    this.#fields = fields;
    this.type = fields.type;
    this.default = fields.default;
    this.sentence = fields.sentence;
    this.check = fields.check;
    this.importance = fields.importance;
    this.update = fields.update;
    this.effect = fields.effect;
    this.origin = fields.origin;
    this.isInternal = fields.isInternal;
    this.isBoundedByBrokers = fields.isBoundedByBrokers;
  }

  atLeast(min: number): KeyDraft {
    return this.#with({ check: { kind: 'at-least', min } });
  }

  between(min: number, max: number): KeyDraft {
    return this.#with({ check: { kind: 'between', min, max } });
  }

  oneOf(...values: readonly string[]): KeyDraft {
    return this.#with({ check: { kind: 'one-of', values, ignoresCase: false } });
  }

  oneOfIgnoringCase(...values: readonly string[]): KeyDraft {
    return this.#with({ check: { kind: 'one-of', values, ignoresCase: true } });
  }

  /** Of a list: only these, and none is allowed. */
  anyOf(...values: readonly string[]): KeyDraft {
    return this.#with({ check: { kind: 'items', values, canBeEmpty: true } });
  }

  /** Of a list: only these, and at least one. */
  someOf(...values: readonly string[]): KeyDraft {
    return this.#with({ check: { kind: 'items', values, canBeEmpty: false } });
  }

  /** Of a list: whatever items, and none is allowed. */
  items(): KeyDraft {
    return this.#with({ check: { kind: 'items', values: [], canBeEmpty: true } });
  }

  /** Of a list: at least one item; of a string: at least one character. */
  notEmpty(): KeyDraft {
    return this.#with({
      check: this.type === 'list' ? { kind: 'items', values: [], canBeEmpty: false } : { kind: 'not-empty' },
    });
  }

  checked(kind: 'gzip-level' | 'share-offset-reset' | 'throttled-replicas'): KeyDraft {
    return this.#with({ check: { kind } });
  }

  high(): KeyDraft {
    return this.#with({ importance: 'high' });
  }

  low(): KeyDraft {
    return this.#with({ importance: 'low' });
  }

  perBroker(): KeyDraft {
    return this.#with({ update: 'per-broker' });
  }

  clusterWide(): KeyDraft {
    return this.#with({ update: 'cluster-wide' });
  }

  /** Known, and accepted so that a Kafka file starts unchanged; changes nothing here. */
  noEffect(): KeyDraft {
    return this.#with({ effect: 'none' });
  }

  /** Kafka has no such key. */
  ours(): KeyDraft {
    return this.#with({ origin: 'kafkaesque' });
  }

  /** The default is no more than the cluster has brokers. */
  boundedByBrokers(): KeyDraft {
    return this.#with({ isBoundedByBrokers: true });
  }

  internal(): KeyDraft {
    return this.#with({ isInternal: true });
  }

  #with(changes: Partial<ConfigurationKey>): KeyDraft {
    return new KeyDraft({ ...this.#fields, ...changes });
  }
}

const draft = (type: KeyType, defaultText: string | number | boolean | null, sentence: string): KeyDraft =>
  new KeyDraft({
    type,
    default: defaultText === null ? null : String(defaultText),
    sentence,
    check: undefined,
    importance: 'medium',
    update: 'read-only',
    effect: 'full',
    origin: 'kafka',
    isInternal: false,
    isBoundedByBrokers: false,
  });

export const boolean = (value: boolean, sentence: string): KeyDraft => draft('boolean', value, sentence);
export const int = (value: number | null, sentence: string): KeyDraft => draft('int', value, sentence);
export const short = (value: number, sentence: string): KeyDraft => draft('short', value, sentence);
/** `'unlimited'` is Kafka's largest long, 2⁶³ − 1. */
export const long = (value: number | 'unlimited' | null, sentence: string): KeyDraft =>
  draft('long', value === 'unlimited' ? LARGEST_LONG : value, sentence);
/** As text, because Java writes 1.0E10 where JavaScript writes 10000000000. */
export const double = (value: string, sentence: string): KeyDraft => draft('double', value, sentence);
export const string = (value: string | null, sentence: string): KeyDraft => draft('string', value, sentence);
export const list = (value: string | null, sentence: string): KeyDraft => draft('list', value, sentence);
export const password = (sentence: string): KeyDraft => draft('password', null, sentence);
export const className = (value: string | null, sentence: string): KeyDraft =>
  draft('class', value, sentence);

const LARGEST_LONG = '9223372036854775807';
