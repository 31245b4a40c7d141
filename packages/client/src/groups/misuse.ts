import { ClientError } from '../errors';

export const alreadyClosed = (): ClientError =>
  new ClientError('closed', 'CLOSED', 'the consumer was closed');

export const alreadyRuns = (): ClientError =>
  new ClientError('usage', 'CONSUMER_RUNS', 'run reads this consumer already: end it first');

export const withoutGroup = (what: string): ClientError =>
  new ClientError('usage', 'INVALID_GROUP_ID', `${what} needs a group: give the consumer a groupId`);

export const mixedModes = (): ClientError =>
  new ClientError(
    'usage',
    'INVALID_SUBSCRIPTION',
    'subscribe and assign exclude each other: unsubscribe first',
  );
