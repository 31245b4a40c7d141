import { string } from '../../schema/field';
import { message, type Infer } from '../../schema/message';

/**
 * Records that say nothing about the cluster: no-ops, and the bounds of changes that span several batches (KIP-868).
 */
export const NoOpRecord = message({
  name: 'NoOpRecord',
  versions: '0',
  flexible: '0+',
  fields: {},
});

export const BeginTransactionRecord = message({
  name: 'BeginTransactionRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    name: string.nullable().default(null).tagged(0),
  },
});
export type BeginTransactionRecord = Infer<typeof BeginTransactionRecord>;

export const EndTransactionRecord = message({
  name: 'EndTransactionRecord',
  versions: '0',
  flexible: '0+',
  fields: {},
});

export const AbortTransactionRecord = message({
  name: 'AbortTransactionRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    reason: string.nullable().default(null).tagged(0),
  },
});
export type AbortTransactionRecord = Infer<typeof AbortTransactionRecord>;
