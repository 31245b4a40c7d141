import { errors } from '@kafkaesque/protocol';

/** Why a request is not served: an error of Kafka's table, and a sentence for who asked. */
export class Refusal {
  readonly errorCode: number;
  readonly message: string;

  constructor(error: { readonly code: number }, message: string) {
    this.errorCode = error.code;
    this.message = message;
  }
}

export const unknownMember = (groupId: string, memberId: string): Refusal =>
  new Refusal(errors.UNKNOWN_MEMBER_ID, `Member ${memberId} is not a member of group ${groupId}.`);

export const unknownInstance = (instanceId: string): Refusal =>
  new Refusal(errors.UNKNOWN_MEMBER_ID, `Instance id ${instanceId} is unknown.`);

export const fencedInstance = (memberId: string, instanceId: string, owner: string): Refusal =>
  new Refusal(
    errors.FENCED_INSTANCE_ID,
    `Static member ${memberId} with instance id ${instanceId} was fenced by member ${owner}.`,
  );
