import { Failure } from '@kafkaesque/kernel';
import type { Api, ApiName, RequestOf, ResponseDraftOf } from '@kafkaesque/protocol';
import { apis, encodeResponseFrame } from '@kafkaesque/protocol';
import { ErrorCounts } from './error-counts';
import type { AuthorizationNeed, QuotaClass, Reply, RequestContext } from './handler';

/** Answers one API. A handler that is not a promise has entered its partitions when it returns. */
export type Handler<Name extends ApiName> = (
  context: RequestContext,
  request: RequestOf<Name>,
) => Reply<ResponseDraftOf<Name>> | Promise<Reply<ResponseDraftOf<Name>>>;

/** The handlers there are; what is not among them is neither served nor advertised. */
export type Handlers = { readonly [Name in ApiName]?: Handler<Name> };

/** What an API needs permission for, and which quota it counts against. */
export interface Admission {
  readonly authorization: AuthorizationNeed;
  readonly quota: QuotaClass;
}
export type Admissions = { readonly [Name in ApiName]?: Admission };

/** One API as it is served here: bytes in, bytes out. */
export interface Served extends Admission {
  readonly name: ApiName;
  readonly key: number;
  /** What ApiVersions announces. */
  readonly advertised: { readonly min: number; readonly max: number };
  readonly minServed: number;
  /** The errors of its answers so far. */
  readonly errors: ErrorCounts;
  handle(
    context: RequestContext,
    frame: Buffer,
    bodyAt: number,
  ): Reply<readonly Buffer[]> | Promise<Reply<readonly Buffer[]>>;
}

export interface HandlerTable {
  byKey(key: number): Served | undefined;
  /** By ascending key. */
  readonly all: readonly Served[];
}

const served = <Name extends ApiName>(
  name: Name,
  handler: Handler<Name>,
  admission: Admission,
  beside: HandlerTable | undefined,
): Served => {
  const api: Api = apis[name];
  const { request } = api;
  const errors = beside?.byKey(api.key)?.errors ?? new ErrorCounts(api.response.fields);
  const encoded = (
    context: RequestContext,
    reply: Reply<ResponseDraftOf<Name>>,
  ): Reply<readonly Buffer[]> => {
    if (reply.kind === 'none') return reply;
    if (reply.kind === 'close') {
      if (reply.unsent !== undefined) errors.count(reply.unsent);
      return { kind: 'close', why: reply.why };
    }
    errors.count(reply.response);
    return {
      ...reply,
      response: encodeResponseFrame(api, context.apiVersion, context.correlationId, reply.response),
    };
  };
  return {
    ...admission,
    name,
    key: api.key,
    advertised: api.advertised,
    minServed: api.minServed,
    errors,
    handle(context, frame, bodyAt) {
      const reply = handler(context, request.decode(frame, context.apiVersion, bodyAt) as RequestOf<Name>);
      return reply instanceof Promise
        ? reply.then((settled) => encoded(context, settled))
        : encoded(context, reply);
    },
  };
};

/**
 * Puts handlers and admissions together. An API without an entry that says what it needs permission for ends the start:
 * Kafka and others have shipped APIs that nobody had thought to protect (CVE-2018-17196, CVE-2023-50976). `beside`: a
 * table of the same node, with which errors are counted together.
 */
export const handlerTable = (
  handlers: Handlers,
  admissions: Admissions,
  beside?: HandlerTable,
): HandlerTable => {
  const names = (Object.keys(handlers) as ApiName[]).filter((name) => handlers[name] !== undefined);
  const all = names
    .map((name) => {
      const admission = admissions[name];
      if (admission === undefined) {
        throw new Failure(
          'NO_AUTHORIZATION',
          `${name} has a handler, but nothing says what it needs permission for`,
        );
      }
      return served(name, handlers[name] as Handler<typeof name>, admission, beside);
    })
    .sort((a, b) => a.key - b.key);
  const byKey = new Map(all.map((one) => [one.key, one]));
  return { byKey: (key) => byKey.get(key), all };
};
