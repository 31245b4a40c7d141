/** Work on cases that tests ask for one by one. */
export interface WorkAhead<Case, Result> {
  of(wanted: Case): Promise<Result>;
  /** Ends when nothing that was begun is under way any more. */
  settled(): Promise<void>;
}

const AT_ONCE = 3;

/**
 * Begins the next few cases together with the one that a test asks for: foreign clients spend most of their time
 * waiting, and so would the tests one after another. `atOnce`: how many cases are under way at a time.
 */
export const workAhead = <Case, Result>(
  cases: readonly Case[],
  work: (one: Case) => Promise<Result>,
  atOnce = AT_ONCE,
): WorkAhead<Case, Result> => {
  const begun = new Map<Case, Promise<Result>>();
  const begin = (one: Case): Promise<Result> => {
    const earlier = begun.get(one);
    if (earlier !== undefined) return earlier;
    const result = work(one);
    // The test that asks gets the failure.
    result.catch(() => undefined);
    begun.set(one, result);
    return result;
  };
  return {
    of: (wanted) => {
      const at = cases.indexOf(wanted);
      for (const next of cases.slice(at + 1, at + atOnce)) void begin(next);
      return begin(wanted);
    },
    settled: async () => {
      await Promise.allSettled(begun.values());
    },
  };
};
