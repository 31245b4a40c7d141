import type { Random } from '@kafkaesque/kernel';
import { TopicId } from '@kafkaesque/kernel';

/**
 * A fresh random UUID (version 4) in the form of a topic id. Never one with a leading dash, which command lines would
 * take for an option. The broker that forwards a creation chooses ids with this, so that a retry carries the same.
 */
export const newTopicId = (random: Random): TopicId => {
  for (;;) {
    const bytes = random.bytes(16);
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
    const text = bytes.toString('base64url');
    if (!text.startsWith('-')) return TopicId(text);
  }
};
