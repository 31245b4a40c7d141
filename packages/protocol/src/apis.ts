import { ApiVersionsRequest, ApiVersionsResponse } from './messages/api-versions';
import { CreateTopicsRequest, CreateTopicsResponse } from './messages/create-topics';
import { FetchRequest, FetchResponse } from './messages/fetch';
import { InitProducerIdRequest, InitProducerIdResponse } from './messages/init-producer-id';
import { ListOffsetsRequest, ListOffsetsResponse } from './messages/list-offsets';
import { MetadataRequest, MetadataResponse } from './messages/metadata';
import { ProduceRequest, ProduceResponse } from './messages/produce';
import type { Message } from './schema/message';

export type ListenerKind = 'broker' | 'controller';

/** One API: its key, both messages, and what a server says about it. */
export interface Api<Request extends Message = Message, Response extends Message = Message> {
  readonly key: number;
  readonly name: string;
  readonly request: Request;
  readonly response: Response;
  /** The versions that a server of Kafka 4.3.0 announces: all stable ones. */
  readonly advertised: { readonly min: number; readonly max: number };
  /** The first version that is really served; below it the connection is closed. */
  readonly minServed: number;
  /** A last version that Kafka has not promised yet: known here, never announced. */
  readonly latestUnstable: number | undefined;
  readonly listeners: readonly ListenerKind[];
}

const api = <Request extends Message, Response extends Message>(
  key: number,
  request: Request,
  response: Response,
  listeners: readonly ListenerKind[] = ['broker'],
): Api<Request, Response> => {
  const { versions, latestVersionUnstable } = request;
  return {
    key,
    name: request.name.replace(/Request$/, ''),
    request,
    response,
    advertised: { min: versions.min, max: latestVersionUnstable ? versions.max - 1 : versions.max },
    minServed: versions.min,
    latestUnstable: latestVersionUnstable ? versions.max : undefined,
    listeners,
  };
};

const both: readonly ListenerKind[] = ['broker', 'controller'];

/** Every API of Kafka 4.3.0 under its name. */
export const apis = {
  /** librdkafka up to 2.11 compresses only when version 0 is announced, so it is, although 3 is the first one served. */
  Produce: {
    ...api(0, ProduceRequest, ProduceResponse),
    advertised: { min: 0, max: ProduceRequest.versions.max },
  },
  Fetch: api(1, FetchRequest, FetchResponse, both),
  ListOffsets: api(2, ListOffsetsRequest, ListOffsetsResponse),
  Metadata: api(3, MetadataRequest, MetadataResponse),
  ApiVersions: api(18, ApiVersionsRequest, ApiVersionsResponse, both),
  CreateTopics: api(19, CreateTopicsRequest, CreateTopicsResponse, both),
  InitProducerId: api(22, InitProducerIdRequest, InitProducerIdResponse),
} as const satisfies Readonly<Record<string, Api>>;

export type ApiName = keyof typeof apis;
export type RequestOf<Name extends ApiName> = (typeof apis)[Name]['request']['Value'];
export type RequestDraftOf<Name extends ApiName> = (typeof apis)[Name]['request']['Draft'];
export type ResponseOf<Name extends ApiName> = (typeof apis)[Name]['response']['Value'];
export type ResponseDraftOf<Name extends ApiName> = (typeof apis)[Name]['response']['Draft'];

const byKey = new Map<number, (typeof apis)[ApiName]>(Object.values(apis).map((one) => [one.key, one]));

export const apiByKey = (key: number): (typeof apis)[ApiName] | undefined => byKey.get(key);
