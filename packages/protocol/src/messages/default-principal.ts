import { bool, string } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** The principal inside an Envelope request, behind an int16 version of its own (KIP-590). */
export const DefaultPrincipalData = message({
  name: 'DefaultPrincipalData',
  versions: '0',
  flexible: '0+',
  fields: {
    type: string,
    name: string,
    tokenAuthenticated: bool,
  },
});
export type DefaultPrincipalData = Infer<typeof DefaultPrincipalData>;
