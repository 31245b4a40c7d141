import type { Draft, UpdateFeaturesRequest, UpdateFeaturesResponse } from '@kafkaesque/protocol';
import { ErrorCode } from '@kafkaesque/protocol';
import type { Administrator } from '../broker/broker';
import { errorOfOutcome } from './command-errors';
import type { Reply, RequestContext } from './handler';

const UPGRADE = 1;
const SAFE_DOWNGRADE = 2;

/** UpdateFeatures (57). v0 says only whether a downgrade is allowed · v1 validate only · v2 one result for all */
export const updateFeatures =
  (administrator: Administrator) =>
  async (
    context: RequestContext,
    request: UpdateFeaturesRequest,
  ): Promise<Reply<Draft<typeof UpdateFeaturesResponse>>> => {
    const { apiVersion } = context;
    const updates = request.featureUpdates.map(
      ({ feature, maxVersionLevel, upgradeType, allowDowngrade }) => ({
        feature,
        maxVersionLevel,
        upgradeType: apiVersion > 0 ? upgradeType : allowDowngrade ? SAFE_DOWNGRADE : UPGRADE,
      }),
    );
    const answer = (
      errorCode: number,
      errorMessage: string | null,
    ): Reply<Draft<typeof UpdateFeaturesResponse>> => ({
      kind: 'answer',
      response: {
        throttleTimeMs: 0,
        errorCode,
        errorMessage,
        // Until version 1 each feature says how it fared, and they fare alike.
        results:
          apiVersion <= 1 && errorCode === ErrorCode.NONE
            ? updates.map(({ feature }) => ({ feature, errorCode, errorMessage }))
            : [],
      },
    });
    if (!administrator.isAllowed(context, 'ALTER', 'CLUSTER', 'kafka-cluster'))
      return answer(ErrorCode.CLUSTER_AUTHORIZATION_FAILED, 'Cluster authorization failed.');
    const outcome = await administrator.controller.submit({
      kind: 'update-features',
      updates,
      validateOnly: request.validateOnly,
    });
    if (outcome.kind === 'done') return answer(ErrorCode.NONE, null);
    const { errorCode, errorMessage } = errorOfOutcome(outcome);
    return answer(errorCode, errorMessage);
  };
