import { array, bool, float64, int8, string } from '../../schema/field';
import { message, type Infer } from '../../schema/message';

/** Configs and quotas. A null config value deletes the override. */
export const ConfigRecord = message({
  name: 'ConfigRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    resourceType: int8,
    resourceName: string,
    name: string,
    value: string.nullable(),
  },
});
export type ConfigRecord = Infer<typeof ConfigRecord>;

export const ClientQuotaRecord = message({
  name: 'ClientQuotaRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    entity: array({
      entityType: string,
      entityName: string.nullable(),
    }),
    key: string,
    value: float64,
    remove: bool,
  },
});
export type ClientQuotaRecord = Infer<typeof ClientQuotaRecord>;
