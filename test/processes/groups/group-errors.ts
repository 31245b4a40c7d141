/** What members of groups are told, by Kafka's names. */
export const ERROR_CODES = {
  NONE: 0,
  COORDINATOR_LOAD_IN_PROGRESS: 14,
  COORDINATOR_NOT_AVAILABLE: 15,
  NOT_COORDINATOR: 16,
  ILLEGAL_GENERATION: 22,
  UNKNOWN_MEMBER_ID: 25,
  REBALANCE_IN_PROGRESS: 27,
  UNSTABLE_OFFSET_COMMIT: 88,
  GROUP_ID_NOT_FOUND: 69,
  MEMBER_ID_REQUIRED: 79,
  FENCED_MEMBER_EPOCH: 110,
  STALE_MEMBER_EPOCH: 113,
} as const;

/** The coordinator is another one, or not ready yet. */
export const isElsewhere = (code: number): boolean =>
  code === ERROR_CODES.COORDINATOR_LOAD_IN_PROGRESS ||
  code === ERROR_CODES.COORDINATOR_NOT_AVAILABLE ||
  code === ERROR_CODES.NOT_COORDINATOR;
