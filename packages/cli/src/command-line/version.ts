/** What Kafka's tools print for `--version`, with our own beside it. */
export const VERSION = '4.3.0 (kafkaesque 0.1.0)';
