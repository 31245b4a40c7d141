import { connect } from 'node:net';
import type { Api, Message } from '@kafkaesque/protocol';
import { decodeResponse, encodeRequestFrame } from '@kafkaesque/protocol';

/** One socket, one request at a time, and nothing that a client would add: no retries, no metadata. */
export interface RawConnection {
  ask<Request extends Message, Response extends Message>(
    api: Api<Request, Response>,
    version: number,
    draft: Request['Draft'],
  ): Promise<Response['Value']>;
  close(): void;
}

const SIZE_BYTES = 4;

export const openRawConnection = async (bootstrap: string): Promise<RawConnection> => {
  const [host, port] = bootstrap.split(':');
  const socket = connect(Number(port), host);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  let correlationId = 0;
  const nextFrame = (): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      const take = (chunk: Buffer): void => {
        chunks.push(chunk);
        const bytes = Buffer.concat(chunks);
        if (bytes.length < SIZE_BYTES || bytes.length < SIZE_BYTES + bytes.readInt32BE(0)) return;
        socket.off('data', take);
        socket.off('close', fail);
        resolve(bytes.subarray(SIZE_BYTES));
      };
      const fail = (): void => reject(new Error('the server closed the connection'));
      socket.on('data', take);
      socket.once('close', fail);
    });
  return {
    async ask(api, version, draft) {
      correlationId += 1;
      socket.write(Buffer.concat(encodeRequestFrame(api, version, correlationId, 'interop', draft)));
      const { body, correlationId: answered } = decodeResponse(api, version, await nextFrame());
      if (answered !== correlationId) throw new Error(`asked ${correlationId}, answered ${answered}`);
      return body;
    },
    close: () => socket.destroy(),
  };
};
