import type { Aim, Figure } from './figures';
import type { Durability, ServerName } from './servers/server';

/** What every scenario says of itself. */
export interface Described {
  readonly name: string;
  readonly title: string;
  readonly durability: Durability;
  readonly servers: readonly ServerName[];
  readonly aims: readonly Aim[];
  /** What its table shows, the figure to compare first. */
  readonly figures: readonly Figure[];
}
