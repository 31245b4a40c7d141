/** Classes of Kafka's that print records, without their packages. */
export const FORMATTERS = [
  'DefaultMessageFormatter',
  'LoggingMessageFormatter',
  'NoOpMessageFormatter',
  'OffsetsMessageFormatter',
  'GroupMetadataMessageFormatter',
  'TransactionLogMessageFormatter',
];
