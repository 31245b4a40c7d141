import {
  decodeHealthCheckRequest,
  decodeHealthCheckResponse,
  encodeHealthCheckRequest,
  encodeHealthCheckResponse,
} from './health-codec';

test('messages are the bytes that protobuf writes', () => {
  expect(encodeHealthCheckRequest({ service: '' })).toEqual(Buffer.alloc(0));
  expect(encodeHealthCheckRequest({ service: 'ab' })).toEqual(Buffer.from([0x0a, 2, 0x61, 0x62]));
  expect(encodeHealthCheckResponse({ status: 0 })).toEqual(Buffer.alloc(0));
  expect(encodeHealthCheckResponse({ status: 2 })).toEqual(Buffer.from([8, 2]));
  expect(decodeHealthCheckResponse(Buffer.from([8, 1]))).toEqual({ status: 1 });
});

test.each(['', 'a', 'x'.repeat(300), 'grüße'])('the service %p comes back', (service) => {
  expect(decodeHealthCheckRequest(encodeHealthCheckRequest({ service }))).toEqual({ service });
});

test('fields of other versions are passed over', () => {
  const varint = [0x10, 0xff, 0x01];
  const fixed64 = [0x19, 1, 2, 3, 4, 5, 6, 7, 8];
  const fixed32 = [0x25, 1, 2, 3, 4];
  const bytes = Buffer.from([...varint, ...fixed64, 0x0a, 1, 0x61, ...fixed32]);
  expect(decodeHealthCheckRequest(bytes)).toEqual({ service: 'a' });
});

test.each([
  ['a cut length', [0x0a]],
  ['a length beyond the end', [0x0a, 5, 0x61]],
  ['a group', [0x0b, 0x0c]],
  ['an endless varint', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
  ['a cut fixed value', [0x25, 1]],
])('%s is refused', (_, bytes) => {
  expect(() => decodeHealthCheckRequest(Buffer.from(bytes))).toThrow('no protobuf message');
});
