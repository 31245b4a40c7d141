/** What the health service answers: whether the node serves, and who wants to hear of changes. */
export class ServingState {
  #isServing = false;
  readonly #watchers = new Set<(isServing: boolean) => void>();

  get isServing(): boolean {
    return this.#isServing;
  }

  get watcherCount(): number {
    return this.#watchers.size;
  }

  set(isServing: boolean): void {
    if (isServing === this.#isServing) return;
    this.#isServing = isServing;
    for (const watcher of this.#watchers) watcher(isServing);
  }

  /** Calls `watcher` at every change until the returned function is called. */
  watch(watcher: (isServing: boolean) => void): () => void {
    this.#watchers.add(watcher);
    return () => {
      this.#watchers.delete(watcher);
    };
  }
}
