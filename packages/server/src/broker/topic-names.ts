/** Topics that the cluster keeps for itself; clients may read them, but neither create nor write them. */
const internal: ReadonlySet<string> = new Set([
  '__consumer_offsets',
  '__transaction_state',
  '__share_group_state',
]);

export const isInternalTopic = (name: string): boolean => internal.has(name);
