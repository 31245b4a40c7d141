import { Failure } from '@kafkaesque/kernel';
import { apiByKey, apis, type Api } from './apis';
import { RequestHeader, ResponseHeader } from './messages/header';
import { decodeError, unsupportedVersion } from './schema/failures';
import type { Message } from './schema/message';
import { coversVersion } from './schema/version-range';
import { writer } from './schema/write';

/** What stands before the body of a request. */
export interface RequestFrame {
  readonly api: Api;
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: number;
  readonly clientId: string | null;
  /** Where the body begins in the frame. */
  readonly bodyAt: number;
}

const SIZE_BYTES = 4;
const UNSUPPORTED_VERSION = 35;

const isFlexible = (message: Message, version: number): boolean =>
  message.flexible !== undefined && coversVersion(message.flexible, version);

/**
 * Reads the header of a request frame (without its size prefix). Throws `INVALID_REQUEST` for malformed bytes,
 * `UNKNOWN_API` for a key that Kafka does not have, `UNSUPPORTED_VERSION` for a version outside the served range.
 * ApiVersions passes in any version, because its sender is owed an answer: check `apiVersion` before decoding it.
 */
export const readRequestHeader = (frame: Buffer): RequestFrame => {
  if (frame.length < 8) throw decodeError(`a request of ${frame.length} bytes has no header`);
  const apiKey = frame.readInt16BE(0);
  const apiVersion = frame.readInt16BE(2);
  const api: Api | undefined = apiByKey(apiKey);
  if (api === undefined) throw new Failure('UNKNOWN_API', `there is no API with key ${apiKey}`);
  const { request } = api;
  if (api.key !== apis.ApiVersions.key && !coversVersion(request.versions, apiVersion)) {
    throw unsupportedVersion(request.name, apiVersion);
  }
  const header = RequestHeader.decodeWithEnd(frame, isFlexible(request, apiVersion) ? 2 : 1, 0);
  const { correlationId, clientId } = header.value;
  return { api, apiKey, apiVersion, correlationId, clientId, bodyAt: header.end };
};

const writeFrame = (writeContent: () => void): readonly Buffer[] => {
  writer.begin('reference');
  writer.at = SIZE_BYTES;
  writeContent();
  writer.reserve(0, SIZE_BYTES).writeInt32BE(writer.sizeBytes - SIZE_BYTES, 0);
  return writer.finishParts();
};

/** A whole request as it goes to the socket, size prefix included. Large byte fields are referenced, not copied. */
export const encodeRequestFrame = <Request extends Message>(
  api: Api<Request>,
  version: number,
  correlationId: number,
  clientId: string | null,
  draft: Request['Draft'],
): readonly Buffer[] => {
  const { request } = api;
  const encodeBody = request.encoder(version);
  const encodeHeader = RequestHeader.encoder(isFlexible(request, version) ? 2 : 1);
  return writeFrame(() => {
    const header = { requestApiKey: api.key, requestApiVersion: version, correlationId, clientId };
    encodeHeader(header, writer);
    encodeBody(draft, writer);
  });
};

const responseHeaderVersion = (api: Api, version: number): 0 | 1 =>
  api.key !== apis.ApiVersions.key && isFlexible(api.response, version) ? 1 : 0;

/** A whole response as it goes to the socket, size prefix included. Large byte fields are referenced, not copied. */
export const encodeResponseFrame = <Response extends Message>(
  api: Api<Message, Response>,
  version: number,
  correlationId: number,
  draft: Response['Draft'],
): readonly Buffer[] => {
  const encodeBody = api.response.encoder(version);
  const encodeHeader = ResponseHeader.encoder(responseHeaderVersion(api, version));
  return writeFrame(() => {
    encodeHeader({ correlationId }, writer);
    encodeBody(draft, writer);
  });
};

/**
 * Reads a response frame (without its size prefix) to a request of this version. A refusal of the version by
 * ApiVersions comes in version 0 whatever was asked, and is read as that.
 */
export const decodeResponse = <Response extends Message>(
  api: Api<Message, Response>,
  version: number,
  frame: Buffer,
): { readonly correlationId: number; readonly body: Response['Value'] } => {
  const header = ResponseHeader.decodeWithEnd(frame, responseHeaderVersion(api, version), 0);
  const refused =
    api.key === apis.ApiVersions.key &&
    frame.length >= header.end + 2 &&
    frame.readInt16BE(header.end) === UNSUPPORTED_VERSION;
  const body: Response['Value'] = api.response.decode(frame, refused ? 0 : version, header.end);
  return { correlationId: header.value.correlationId, body };
};
