import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { once } from 'node:events';
import { LoadConnection } from './connection';

const frame = (text: string): Buffer => {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

let server: Server;
let peer: Socket;
let connection: LoadConnection;
beforeEach(async () => {
  server = createServer({ noDelay: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  connection = await LoadConnection.open((server.address() as AddressInfo).port);
  [peer] = await accepted;
  peer.on('error', () => undefined);
});
afterEach(async () => {
  connection.close();
  peer.destroy();
  server.close();
  await once(server, 'close');
});

const answersTo = (count: number): Promise<readonly string[]> => {
  const answers: string[] = [];
  const all = new Promise<readonly string[]>((resolve) => {
    for (let index = 0; index < count; index += 1)
      connection.send(Buffer.from('?'), (bytes) => {
        answers.push(bytes.toString());
        if (answers.length === count) resolve(answers);
      });
  });
  return Promise.race([all, connection.failed]);
};

test('answers are found wherever reads end, in the order of their requests', async () => {
  const texts = ['one', '', 'x'.repeat(300), 'four'];
  const stream = Buffer.concat(texts.map(frame));
  for (const size of [1, 3, 5, 64, stream.length]) {
    const answers = answersTo(texts.length);
    for (let at = 0; at < stream.length; at += size) {
      peer.write(stream.subarray(at, at + size));
      await new Promise(setImmediate);
    }
    expect(await answers).toEqual(texts);
  }
  expect(connection.inFlight).toBe(0);
});

test('an answer larger than its memory is whole', async () => {
  const text = 'y'.repeat(3_000_000);
  const answers = answersTo(2);
  peer.write(Buffer.concat([frame(text), frame('after')]));
  expect(await answers).toEqual([text, 'after']);
});

test('a connection that ends fails the run', async () => {
  const answers = answersTo(1);
  peer.end();
  await expect(answers).rejects.toThrow('closed the connection');
});

test('an answer that nobody asked for fails the run', async () => {
  peer.write(frame('surprise'));
  await expect(connection.failed).rejects.toThrow('nobody had asked');
});

test('what refuses an answer fails the run', async () => {
  connection.send(Buffer.from('?'), () => {
    throw new Error('error 87');
  });
  peer.write(frame('bad'));
  await expect(connection.failed).rejects.toThrow('error 87');
});
