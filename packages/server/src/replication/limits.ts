/** Bytes of records that may be under way from a leader to a follower, over all partitions. */
export const STREAM_CREDIT_BYTES = 8 << 20;
/** As many of one partition; one batch may always be. So one partition that lags leaves room for the others. */
export const PARTITION_CREDIT_BYTES = 1 << 20;
/** Bytes of records in one frame, unless a single batch is larger. */
export const FRAME_BYTES = 1 << 20;
