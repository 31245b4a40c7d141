import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { hasCode, messageOf } from '@kafkaesque/kernel';
import type { Logger } from '@kafkaesque/kernel';
import type { MetricsRegistry } from './metrics';

/** Where health is asked for, and who knows the answers. */
export interface HealthOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** 0: a free one. */
  readonly port: number;
  /** The port was not configured: if it is taken, use a free one and say so. */
  readonly isDefaultPort: boolean;
  readonly isLive: () => boolean;
  /** What is missing until the node is ready; empty when it is. */
  readonly unreadyReasons: () => readonly string[];
  readonly metrics: MetricsRegistry;
  readonly logger: Logger;
}

/** The open port of `/healthz`, `/readyz` and `/metrics`. */
export interface HealthServer extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
  close(): Promise<void>;
}

const LOOPBACK = '127.0.0.1';
const TEXT = 'text/plain; charset=utf-8';

/** Serves /healthz, /readyz and /metrics. Rejects with the system's error when a configured port is taken. */
export const openHealth = async (options: HealthOptions): Promise<HealthServer> => {
  const server = createServer((request, response) => {
    answer(options, request, response).catch((error: unknown) => {
      options.logger.error('a health request failed', { error });
      if (!response.headersSent) respond(response, 500, TEXT, `${messageOf(error)}\n`);
    });
  });
  const host = options.host ?? LOOPBACK;
  try {
    await listenOn(server, host, options.port);
  } catch (error) {
    if (!options.isDefaultPort || !hasCode(error, 'EADDRINUSE')) throw error;
    await listenOn(server, host, 0);
    options.logger.warn('the default port for health and metrics is taken, another one is used', {
      defaultPort: options.port,
      port: portOf(server),
    });
  }
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { address: host, port: portOf(server), close, [Symbol.asyncDispose]: close };
};

const listenOn = (server: Server, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });

const portOf = (server: Server): number => {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
};

const answer = async (
  options: HealthOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    respond(response, 405, TEXT, 'only GET and HEAD\n');
    return;
  }
  switch ((request.url ?? '').split('?', 1)[0]) {
    case '/healthz': {
      const isLive = options.isLive();
      respond(response, isLive ? 200 : 503, TEXT, isLive ? 'ok\n' : 'not live\n');
      return;
    }
    case '/readyz': {
      const reasons = options.unreadyReasons();
      const isReady = reasons.length === 0;
      respond(response, isReady ? 200 : 503, TEXT, isReady ? 'ok\n' : `${reasons.join('\n')}\n`);
      return;
    }
    case '/metrics': {
      const { contentType, text } = await options.metrics.collect();
      respond(response, 200, contentType, text);
      return;
    }
    default:
      respond(response, 404, TEXT, 'there are /healthz, /readyz and /metrics\n');
  }
};

const respond = (response: ServerResponse, status: number, contentType: string, body: string): void => {
  const bytes = Buffer.from(body, 'utf8');
  response.writeHead(status, { 'content-type': contentType, 'content-length': bytes.length });
  // A HEAD answer has no body; node drops what is written for it.
  response.end(bytes);
};
