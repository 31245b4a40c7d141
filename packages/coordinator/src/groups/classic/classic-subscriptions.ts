import { ConsumerProtocolSubscription } from '@kafkaesque/protocol';

/** Protocol type of groups whose members are consumers of topics. */
export const CONSUMER_PROTOCOL_TYPE = 'consumer';

/**
 * The topics in a consumer's metadata, undefined where they cannot be read. Read as version 0, which begins every later version,
 * behind an int16 version.
 */
export const subscribedTopicsOf = (metadata: Buffer): readonly string[] | undefined => {
  if (metadata.length < 2) return undefined;
  try {
    return ConsumerProtocolSubscription.decode(metadata, 0, 2).topics;
  } catch {
    // Clients may put anything here.
    return undefined;
  }
};
