import { bool, bytes, int16, int32, int8, uuid } from '../schema/field';
import { message, type Infer } from '../schema/message';

/** A client's metrics as OTLP bytes, perhaps compressed (KIP-714). */
export const PushTelemetryRequest = message({
  name: 'PushTelemetryRequest',
  versions: '0',
  flexible: '0+',
  fields: {
    clientInstanceId: uuid,
    subscriptionId: int32,
    terminating: bool,
    compressionType: int8,
    metrics: bytes,
  },
});
export type PushTelemetryRequest = Infer<typeof PushTelemetryRequest>;

export const PushTelemetryResponse = message({
  name: 'PushTelemetryResponse',
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
  },
});
export type PushTelemetryResponse = Infer<typeof PushTelemetryResponse>;
