import { request } from 'node:http';
import type { LogFields, Logger } from '@kafkaesque/kernel';
import { silentLogger } from '@kafkaesque/kernel';
import { openHealth } from './health';
import type { HealthOptions } from './health';
import { MetricsRegistry } from './metrics';

const open = (options: Partial<HealthOptions> = {}) =>
  openHealth({
    port: 0,
    isDefaultPort: false,
    isLive: () => true,
    unreadyReasons: () => [],
    metrics: new MetricsRegistry(),
    logger: silentLogger,
    ...options,
  });

const get = (
  port: number,
  path: string,
  method = 'GET',
): Promise<{ status: number; type: string; body: string }> =>
  new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, method, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', body }),
      );
    })
      .on('error', reject)
      .end();
  });

test('liveness follows the node', async () => {
  let isLive = true;
  await using health = await open({ isLive: () => isLive });
  expect(await get(health.port, '/healthz')).toMatchObject({ status: 200, body: 'ok\n' });
  isLive = false;
  expect(await get(health.port, '/healthz')).toMatchObject({ status: 503 });
});

test('readiness says what is missing until nothing is', async () => {
  const reasons = ['the log directory is being recovered', 'no quorum'];
  await using health = await open({ unreadyReasons: () => reasons });
  expect(await get(health.port, '/readyz?verbose')).toMatchObject({
    status: 503,
    body: `${reasons.join('\n')}\n`,
  });
  reasons.length = 0;
  expect(await get(health.port, '/readyz')).toMatchObject({ status: 200, body: 'ok\n' });
});

test('metrics are served as Prometheus text', async () => {
  const metrics = new MetricsRegistry();
  metrics.counter('c', 'C.').add(3);
  await using health = await open({ metrics });
  const { status, type, body } = await get(health.port, '/metrics');
  expect(status).toBe(200);
  expect(type).toMatch(/^text\/plain/);
  expect(body).toContain('c 3\n');
});

test('other paths and methods are refused', async () => {
  await using health = await open();
  expect((await get(health.port, '/')).status).toBe(404);
  expect((await get(health.port, '/healthz', 'POST')).status).toBe(405);
  expect(await get(health.port, '/healthz', 'HEAD')).toMatchObject({ status: 200, body: '' });
});

test('a taken default port is replaced by a free one and the log says so', async () => {
  await using first = await open();
  const warnings: LogFields[] = [];
  const logger: Logger = { ...silentLogger, warn: (_, fields = {}) => void warnings.push(fields) };
  await using second = await open({ port: first.port, isDefaultPort: true, logger });
  expect(second.port).not.toBe(first.port);
  expect(warnings).toEqual([{ defaultPort: first.port, port: second.port }]);
  expect((await get(second.port, '/healthz')).status).toBe(200);
});

test('a taken port that was configured is an error', async () => {
  await using first = await open();
  await expect(open({ port: first.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});
