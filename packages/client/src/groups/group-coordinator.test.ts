import { BrokerId, silentLogger } from '@kafkaesque/kernel';
import { ErrorCode, apis } from '@kafkaesque/protocol';
import type { ApiName } from '@kafkaesque/protocol';
import type { ClusterView } from '../cluster/cluster-view';
import { ClientError } from '../errors';
import type { RequestLine } from '../wire/wire';
import { GroupCoordinator } from './group-coordinator';

interface Asked {
  readonly line: number;
  readonly node: number;
  readonly api: ApiName;
  readonly answer: (body: object) => void;
}

/** A coordinator whose requests wait for the test to answer them. */
const open = () => {
  const asked: Asked[] = [];
  const closed: number[] = [];
  const shared: string[] = [];
  const world = { node: 1, lines: 0 };
  const line = (node: BrokerId): RequestLine => {
    world.lines += 1;
    const number = world.lines;
    const open = new Set<(error: ClientError) => void>();
    return {
      request: (api) =>
        new Promise((answer, reject) => {
          open.add(reject);
          asked.push({ line: number, node, api, answer: answer as (body: object) => void });
        }),
      close: () => {
        closed.push(number);
        for (const reject of open) reject(new ClientError('closed', 'CLOSED', 'the connection was given up'));
      },
    };
  };
  const cluster: Pick<ClusterView, 'wire' | 'ask' | 'request' | 'learnNode' | 'unanswered'> = {
    wire: { line } as ClusterView['wire'],
    ask: () =>
      Promise.resolve(
        apis.FindCoordinator.response.make({
          coordinators: [
            { key: 'g', nodeId: BrokerId(world.node), host: 'h', port: 1, errorCode: 0, errorMessage: null },
          ],
        }),
      ),
    request: ((_: BrokerId, api: ApiName) => {
      shared.push(api);
      return Promise.resolve({});
    }) as ClusterView['request'],
    learnNode: () => undefined,
    unanswered: () => undefined,
  };
  const coordinator = new GroupCoordinator({
    cluster: cluster as ClusterView,
    groupId: 'g',
    logger: silentLogger,
    requestTimeoutMs: 1000,
  });
  return { coordinator, asked, closed, shared, world };
};

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const join = {
  ...{ groupId: 'g', sessionTimeoutMs: 1, memberId: '', protocolType: 'consumer', protocols: [] },
};
const heartbeat = { groupId: 'g', generationId: 1, memberId: 'm' };

describe('the coordinator of a group', () => {
  test('is asked over a connection that its member has for itself, but for offsets, which may be wanted during a join', async () => {
    const { coordinator, asked, shared } = open();
    void coordinator.request('JoinGroup', join);
    await turn();
    void coordinator.request('Heartbeat', heartbeat);
    await coordinator.request('OffsetFetch', { groups: [] });
    expect(asked.map(({ line, api }) => [line, api])).toEqual([
      [1, 'JoinGroup'],
      [1, 'Heartbeat'],
    ]);
    expect(shared).toEqual(['OffsetFetch']);
  });

  test('a join that nobody waits for any more holds up nothing that is said afterwards', async () => {
    const { coordinator, asked, closed } = open();
    const life = new AbortController();
    const joining = coordinator.request('JoinGroup', join, { signal: life.signal });
    await turn();
    life.abort();
    const leaving = coordinator.request('LeaveGroup', { groupId: 'g', members: [] });
    await expect(joining).rejects.toMatchObject({ code: 'CLOSED' });
    expect(closed).toEqual([1]);
    expect(asked.at(-1)).toMatchObject({ line: 2, node: 1, api: 'LeaveGroup' });
    asked.at(-1)?.answer({ errorCode: 0 });
    await expect(leaving).resolves.toEqual({ errorCode: 0 });
  });

  test('a heartbeat that nobody waits for any more does not cost the connection', async () => {
    const { coordinator, asked, closed } = open();
    const life = new AbortController();
    void coordinator.request('Heartbeat', heartbeat, { signal: life.signal });
    await turn();
    life.abort();
    void coordinator.request('LeaveGroup', { groupId: 'g', members: [] });
    await turn();
    expect(asked.at(-1)).toMatchObject({ line: 1, api: 'LeaveGroup' });
    expect(closed).toEqual([]);
  });

  test('is looked up again when it has moved; what the last one still answers is heard', async () => {
    const { coordinator, asked, closed, world } = open();
    const commit = coordinator.request('OffsetCommit', { groupId: 'g', topics: [] });
    await turn();
    world.node = 2;
    coordinator.judge(ErrorCode.NOT_COORDINATOR);
    void coordinator.request('Heartbeat', heartbeat);
    await turn();
    expect(asked.map(({ node, api }) => [node, api])).toEqual([
      [1, 'OffsetCommit'],
      [2, 'Heartbeat'],
    ]);
    expect(closed).toEqual([]);
    asked[0]?.answer({ topics: [] });
    await expect(commit).resolves.toEqual({ topics: [] });
    expect(closed).toEqual([1]);
  });

  test('closes its connection', async () => {
    const { coordinator, asked, closed } = open();
    void coordinator.request('Heartbeat', heartbeat).catch(() => undefined);
    await turn();
    coordinator.close();
    expect(closed).toEqual([1]);
    void coordinator.request('Heartbeat', heartbeat);
    await turn();
    expect(asked.at(-1)).toMatchObject({ line: 2 });
  });
});
