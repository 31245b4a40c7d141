import { parseBootstrapServers } from './addresses';

describe('bootstrap servers', () => {
  test('do not take one wire for another', () => {
    expect(() => parseBootstrapServers('grpc://a:1')).toThrow('the gRPC wire is not there yet');
  });

  test.each([
    { text: 'localhost:9092', hosts: [{ host: 'localhost', port: 9092 }] },
    {
      text: 'kafka://a:1, b:2',
      hosts: [
        { host: 'a', port: 1 },
        { host: 'b', port: 2 },
      ],
    },
    { text: 'PLAINTEXT://a:1', hosts: [{ host: 'a', port: 1 }] },
    { text: '[::1]:9092', hosts: [{ host: '::1', port: 9092 }] },
  ])('$text', ({ text, hosts }) => {
    expect(parseBootstrapServers(text)).toEqual(hosts);
  });

  test.each(['', 'localhost', 'localhost:', ':9092', 'a:0', 'a:65536', 'a:b', '::1:9092', 'a b:1'])(
    'refuses "%s" and says what is right',
    (text) => {
      expect(() => parseBootstrapServers(text)).toThrow(/is not host:port; write for example localhost:9092/);
    },
  );
});
