import { string } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** A record of our own (from key 10000 on): the hash of the state before it. A node that has another one stops. */
export const StateHashRecord = message({
  name: 'StateHashRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    /** 16 hexadecimal digits. */
    stateHash: string,
  },
});
export type StateHashRecord = Infer<typeof StateHashRecord>;
