import { array, bool, int16, int32, int8, string } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** v1 validate only · v2 the answer has no list of single features. */
export const UpdateFeaturesRequest = message({
  name: 'UpdateFeaturesRequest',
  versions: '0-2',
  flexible: '0+',
  fields: {
    timeoutMs: int32.default(60000),
    featureUpdates: array({
      feature: string,
      maxVersionLevel: int16,
      allowDowngrade: bool.versions('0'),
      upgradeType: int8.versions('1+').default(1),
    }),
    validateOnly: bool.versions('1+').default(false),
  },
});
export type UpdateFeaturesRequest = Infer<typeof UpdateFeaturesRequest>;

export const UpdateFeaturesResponse = message({
  name: 'UpdateFeaturesResponse',
  versions: '0-2',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable(),
    results: array({
      feature: string,
      errorCode: int16,
      errorMessage: string.nullable(),
    })
      .versions('0-1')
      .ignorable(),
  },
});
export type UpdateFeaturesResponse = Infer<typeof UpdateFeaturesResponse>;
