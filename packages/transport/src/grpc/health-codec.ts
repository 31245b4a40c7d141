import { Failure } from '@kafkaesque/kernel';

/** `grpc.health.v1.HealthCheckResponse.ServingStatus`. */
export const SERVING_STATUS = { UNKNOWN: 0, SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 } as const;
export type ServingStatus = (typeof SERVING_STATUS)[keyof typeof SERVING_STATUS];

/** `HealthCheckRequest { string service = 1 }`. */
export interface HealthCheckRequest {
  readonly service: string;
}

/** `HealthCheckResponse { ServingStatus status = 1 }`. */
export interface HealthCheckResponse {
  readonly status: ServingStatus;
}

const VARINT = 0;
const FIXED_64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;

export const encodeHealthCheckRequest = (request: HealthCheckRequest): Buffer => {
  const service = Buffer.from(request.service, 'utf8');
  if (service.length === 0) return Buffer.alloc(0);
  return Buffer.concat([Buffer.from([(1 << 3) | LENGTH_DELIMITED]), varint(service.length), service]);
};

export const decodeHealthCheckRequest = (bytes: Buffer): HealthCheckRequest => {
  let service = '';
  eachField(bytes, (field, wireType, value) => {
    if (field === 1 && wireType === LENGTH_DELIMITED) service = value.toString('utf8');
  });
  return { service };
};

export const encodeHealthCheckResponse = (response: HealthCheckResponse): Buffer =>
  response.status === 0 ? Buffer.alloc(0) : Buffer.from([(1 << 3) | VARINT, response.status]);

export const decodeHealthCheckResponse = (bytes: Buffer): HealthCheckResponse => {
  let status: ServingStatus = SERVING_STATUS.UNKNOWN;
  eachField(bytes, (field, wireType, value) => {
    const known = Object.values(SERVING_STATUS).find((candidate) => candidate === value[0]);
    if (field === 1 && wireType === VARINT && known !== undefined) status = known;
  });
  return { status };
};

/** Visits each field with the bytes of its value (of a varint: as it is encoded); unknown fields are the caller's to ignore. */
const eachField = (bytes: Buffer, visit: (field: number, wireType: number, value: Buffer) => void): void => {
  let at = 0;
  const readVarint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = bytes[at];
      if (byte === undefined) break;
      at += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw malformed();
  };
  while (at < bytes.length) {
    const tag = readVarint();
    const from = at;
    const wireType = tag & 7;
    let valueFrom = from;
    if (wireType === VARINT) readVarint();
    else if (wireType === FIXED_64) at += 8;
    else if (wireType === FIXED_32) at += 4;
    else if (wireType === LENGTH_DELIMITED) {
      const length = readVarint();
      valueFrom = at;
      at += length;
    } else throw malformed();
    if (at > bytes.length) throw malformed();
    visit(Math.floor(tag / 8), wireType, bytes.subarray(valueFrom, at));
  }
};

const malformed = (): Failure => new Failure('MALFORMED_MESSAGE', 'the bytes are no protobuf message');

const varint = (value: number): Buffer => {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
};
