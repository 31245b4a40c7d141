import { array, bytes, int32, int8, string, uuid, wideInt64 } from '../../schema/field';
import { message, type Infer } from '../../schema/message';

/** Who may do what, and how they prove who they are. */
export const AccessControlEntryRecord = message({
  name: 'AccessControlEntryRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    id: uuid,
    resourceType: int8,
    resourceName: string,
    patternType: int8,
    principal: string,
    host: string,
    operation: int8,
    permissionType: int8,
  },
});
export type AccessControlEntryRecord = Infer<typeof AccessControlEntryRecord>;

export const RemoveAccessControlEntryRecord = message({
  name: 'RemoveAccessControlEntryRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    id: uuid,
  },
});
export type RemoveAccessControlEntryRecord = Infer<typeof RemoveAccessControlEntryRecord>;

export const UserScramCredentialRecord = message({
  name: 'UserScramCredentialRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    name: string,
    mechanism: int8,
    salt: bytes,
    storedKey: bytes,
    serverKey: bytes,
    iterations: int32,
  },
});
export type UserScramCredentialRecord = Infer<typeof UserScramCredentialRecord>;

export const RemoveUserScramCredentialRecord = message({
  name: 'RemoveUserScramCredentialRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    name: string,
    mechanism: int8,
  },
});
export type RemoveUserScramCredentialRecord = Infer<typeof RemoveUserScramCredentialRecord>;

export const DelegationTokenRecord = message({
  name: 'DelegationTokenRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    owner: string,
    requester: string,
    renewers: array(string),
    issueTimestamp: wideInt64,
    maxTimestamp: wideInt64,
    expirationTimestamp: wideInt64,
    tokenId: string,
  },
});
export type DelegationTokenRecord = Infer<typeof DelegationTokenRecord>;

export const RemoveDelegationTokenRecord = message({
  name: 'RemoveDelegationTokenRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    tokenId: string,
  },
});
export type RemoveDelegationTokenRecord = Infer<typeof RemoveDelegationTokenRecord>;
