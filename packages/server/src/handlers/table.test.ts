import type { ApiName } from '@kafkaesque/protocol';
import { ProduceRequest, apis } from '@kafkaesque/protocol';
import { admissions } from './admissions';
import type { RequestContext } from './handler';
import type { Handlers } from './table';
import { handlerTable } from './table';

const context = { apiVersion: 3, correlationId: 7 } as RequestContext;
const handlers: Handlers = {
  ListOffsets: (_context, request) => ({
    kind: 'answer',
    response: { topics: request.topics.map(({ name }) => ({ name, partitions: [] })) },
  }),
  Metadata: () => Promise.resolve({ kind: 'close', why: 'no reason' }),
};

describe('the handler table', () => {
  test('refuses to start when nothing says what an API needs permission for', () => {
    expect(() => handlerTable(handlers, { Metadata: admissions.Metadata })).toThrow(
      /ListOffsets has a handler, but nothing says what it needs permission for/,
    );
  });

  test('knows only the APIs that have a handler', () => {
    const table = handlerTable(handlers, admissions);
    expect(table.all.map(({ name }) => name)).toEqual(['ListOffsets', 'Metadata']);
    expect(table.byKey(apis.Fetch.key)).toBeUndefined();
  });

  test('announces Produce from version 0, serves it from 3, and asks for permission for every API it knows', () => {
    const produce = handlerTable({ Produce: () => ({ kind: 'none' }) }, admissions).byKey(apis.Produce.key);
    expect(produce).toMatchObject({ advertised: { min: 0, max: ProduceRequest.versions.max }, minServed: 3 });
    for (const [name, { authorization }] of Object.entries(admissions)) {
      const isOpen = authorization.kind === 'open';
      expect([name, isOpen]).toEqual([name, (name as ApiName) === 'ApiVersions']);
      if (!isOpen) expect(authorization.operations.length).toBeGreaterThan(0);
    }
  });

  test('reads the body, and writes the answer with the request’s correlation id', () => {
    const table = handlerTable(handlers, admissions);
    const body = apis.ListOffsets.request.encode(
      { replicaId: -1 as never, isolationLevel: 0, topics: [{ name: 'orders', partitions: [] }] },
      3,
    );
    const reply = table.byKey(apis.ListOffsets.key)?.handle(context, body, 0);
    if (reply === undefined || reply instanceof Promise || reply.kind !== 'answer')
      throw new Error('no answer');
    const frame = Buffer.concat(reply.response);
    expect(frame.readInt32BE(0)).toBe(frame.length - 4);
    expect(frame.readInt32BE(4)).toBe(7);
    expect(frame.includes('orders')).toBe(true);
  });

  test('passes on what has no answer', async () => {
    const table = handlerTable(handlers, admissions);
    const body = apis.Metadata.request.encode({ topics: null }, 3);
    await expect(table.byKey(apis.Metadata.key)?.handle(context, body, 0)).resolves.toEqual({
      kind: 'close',
      why: 'no reason',
    });
  });
});
