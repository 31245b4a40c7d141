import type { ConsumerGroup } from './consumer-group';
import type { Subscription } from './subscription';

/** What would become of the topics of a group if something changed, without changing it. */
export class TopicDelta {
  readonly #group: ConsumerGroup;
  readonly #differences = new Map<string, number>();

  constructor(group: ConsumerGroup) {
    this.#group = group;
  }

  /** One member changes its subscription; undefined: it comes, or goes. */
  replaceSubscription(before: Subscription | undefined, after: Subscription | undefined): void {
    if (before?.key === after?.key) return;
    if (before !== undefined && this.#group.subscriptions.of(before.key) === 1) this.add(before.names, -1);
    if (after !== undefined && this.#group.subscriptions.of(after.key) === 0) this.add(after.names, 1);
  }

  add(names: readonly string[], difference: number): void {
    for (const name of names) this.#differences.set(name, (this.#differences.get(name) ?? 0) + difference);
  }

  /** Names of all topics that would be read. */
  *names(): Iterable<string> {
    const { topics } = this.#group;
    for (const name of topics.keys())
      if (topics.of(name) + (this.#differences.get(name) ?? 0) > 0) yield name;
    for (const [name, difference] of this.#differences)
      if (difference > 0 && topics.of(name) === 0) yield name;
  }
}
