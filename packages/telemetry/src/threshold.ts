import type { LogLevel } from './log';

const SEVERITIES: Readonly<Record<LogLevel, number>> = {
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
  silent: 100,
};

/** From which level on lines are written; without one of its own it follows its parent. */
export class Threshold {
  #parent: Threshold | undefined;
  #own: LogLevel | undefined;

  constructor(own: LogLevel | undefined, parent?: Threshold) {
    this.#own = own;
    this.#parent = parent;
  }

  get level(): LogLevel {
    return this.#own ?? this.#parent?.level ?? 'info';
  }

  allows(level: LogLevel): boolean {
    return SEVERITIES[level] >= SEVERITIES[this.level];
  }

  /** Takes another parent. */
  follow(parent: Threshold): void {
    this.#parent = parent;
  }

  /** Undefined: follows its parent again. False when it has none. */
  set(level: LogLevel | undefined): boolean {
    if (level === undefined && this.#parent === undefined) return false;
    this.#own = level;
    return true;
  }
}
