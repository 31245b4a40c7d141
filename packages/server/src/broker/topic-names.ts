/** Where group coordinators keep their state. */
export const OFFSETS_TOPIC = '__consumer_offsets';

/** Topics that the cluster keeps for itself; clients may read them, but neither create nor write them. */
const internal: ReadonlySet<string> = new Set([OFFSETS_TOPIC, '__transaction_state', '__share_group_state']);

export const isInternalTopic = (name: string): boolean => internal.has(name);
