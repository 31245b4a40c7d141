import { array, int32, string } from '../schema/field';
import { message, type Infer } from '../schema/message';

/**
 * What members of Kafka's sticky assignor tell their leader in the user data of their subscription. Unlike the
 * subscription it has no version in front. v1 generation.
 */
export const StickyAssignorUserData = message({
  name: 'StickyAssignorUserData',
  versions: '0-1',
  flexible: 'none',
  fields: {
    previousAssignment: array({
      topic: string,
      partitions: array(int32),
    }),
    generation: int32.versions('1+').default(-1).ignorable(),
  },
});
export type StickyAssignorUserData = Infer<typeof StickyAssignorUserData>;
