import type { CreatePartitionsRequest, CreatePartitionsResponse, Draft } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Administrator } from '../broker/broker';
import { errorOfOutcome, repeatedOf } from './command-errors';
import type { Reply, RequestContext } from './handler';

type TopicAnswer = Draft<typeof CreatePartitionsResponse>['results'][number];

/** CreatePartitions (37): `count` is the new total. v2 flexible · v3 quota errors */
export const createPartitions =
  (broker: Administrator) =>
  async (
    context: RequestContext,
    request: CreatePartitionsRequest,
  ): Promise<Reply<Draft<typeof CreatePartitionsResponse>>> => {
    const repeated = repeatedOf(request.topics.map(({ name }) => name));
    const answers = new Map<string, TopicAnswer>();
    const wishes = request.topics.filter(({ name }) => {
      if (repeated.has(name)) {
        answers.set(name, {
          name,
          errorCode: ErrorCode.INVALID_REQUEST,
          errorMessage: 'Duplicate topic name.',
        });
      } else if (!broker.isAllowed(context, 'ALTER', 'TOPIC', name)) {
        answers.set(name, { name, errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED, errorMessage: null });
      } else return true;
      return false;
    });
    if (wishes.length > 0) {
      const outcome = await broker.controller.submit({
        kind: 'create-partitions',
        topics: wishes,
        validateOnly: request.validateOnly,
      });
      const results =
        outcome.kind === 'done'
          ? outcome.response.results
          : wishes.map(({ name }) => ({ name, ...errorOfOutcome(outcome) }));
      for (const result of results) answers.set(result.name, result);
    }
    return { kind: 'answer', response: { throttleTimeMs: 0, results: [...answers.values()] } };
  };
