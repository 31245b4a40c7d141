/** Kafka's resource types in requests about configuration. */
export const TOPIC_RESOURCE = 2;
export const BROKER_RESOURCE = 4;
