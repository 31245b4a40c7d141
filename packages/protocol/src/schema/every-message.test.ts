import { hasCode } from '@kafkaesque/kernel';
import { casesOf } from '@kafkaesque/kernel/conformance';
import fc from 'fast-check';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as protocol from '../index';
import type { Fields, Message } from '../index';
import type { AnyField, PrimitiveName, WireType } from './field';
import { ownMessages } from '../own-messages';
import { defaultOf } from './make';
import { isNullable, isPresent } from './source';

/** For Java: what runs for a second gains nothing by its best compiler, and threads for its garbage. */
const SHORT_LIVED = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];

/** Values of every message in every version, made from its schema: what is absent in a version has its default. */
const texts = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.string({ minLength: 60, maxLength: 200 }),
);
const int64s = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(0, -1, 2 ** 32, -(2 ** 32), 2 ** 32 - 1, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER),
);
const buffers = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));

const primitives: Readonly<Record<PrimitiveName, fc.Arbitrary<unknown>>> = {
  bool: fc.boolean(),
  int8: fc.integer({ min: -128, max: 127 }),
  int16: fc.integer({ min: -32768, max: 32767 }),
  uint16: fc.integer({ min: 0, max: 65535 }),
  int32: fc.integer(),
  int64: int64s,
  wideInt64: int64s,
  float64: fc.double({ noNaN: true }),
  uuid: fc
    .uint8Array({ minLength: 16, maxLength: 16 })
    .map((array) => Buffer.from(array).toString('base64url')),
  string: texts,
  bytes: buffers,
  records: fc.oneof(buffers, fc.constant(Buffer.alloc(1500, 7))),
};

const valueOf = (type: WireType, version: number): fc.Arbitrary<unknown> => {
  if (type.kind === 'primitive') return primitives[type.name];
  if (type.kind === 'array') return fc.array(valueOf(type.item, version), { maxLength: 3, size: 'max' });
  return structOf(type.fields, version);
};

const fieldOf = (field: AnyField, version: number): fc.Arbitrary<unknown> => {
  if (!isPresent(field, version)) return fc.constant(defaultOf(field));
  const value = valueOf(field.facts.type, version);
  const standard = field.facts.tag === undefined ? [] : [fc.constant(defaultOf(field))];
  const nothing = isNullable(field, version) ? [fc.constant(null)] : [];
  return fc.oneof({ arbitrary: value, weight: 3 }, ...standard, ...nothing);
};

const structOf = (fields: Fields, version: number): fc.Arbitrary<object> =>
  fc.record(
    Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, fieldOf(field, version)])),
    {
      noNullPrototype: true,
    },
  );

const isMessage = (value: unknown): value is Message =>
  typeof value === 'object' && value !== null && 'fields' in value && 'decode' in value;

const everyVersion = (Object.values(protocol) as readonly unknown[]).filter(isMessage).flatMap((message) => {
  const { min, max } = message.versions;
  return Array.from({ length: max - min + 1 }, (_, index) => ({
    name: message.name,
    message,
    version: min + index,
  }));
});

const outcome = (
  message: Message,
  bytes: Buffer,
  version: number,
): { readonly value: unknown } | 'refused' => {
  try {
    return { value: message.decode(bytes, version) };
  } catch (error) {
    if (hasCode(error, 'INVALID_REQUEST')) return 'refused';
    throw error;
  }
};

/** The length of a prefix that was read as a whole message. */
const acceptedPrefix = (message: Message, bytes: Buffer, version: number): number | undefined => {
  const step = bytes.length > 300 ? 11 : 1;
  for (let length = 0; length < bytes.length; length += step) {
    if (outcome(message, bytes.subarray(0, length), version) !== 'refused') return length;
  }
  return undefined;
};

/** There are more than 600 versions to go through, so each gets few runs. */
const RUNS = casesOf(2, 5);

// Thousands of refusals: their stacks would take most of the time.
const { stackTraceLimit } = Error;
beforeAll(() => {
  Error.stackTraceLimit = 0;
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

describe.each(everyVersion)('$name v$version', ({ message, version }) => {
  const values = structOf(message.fields, version);

  test('reads what it wrote, in one piece or in parts, and refuses every prefix', () => {
    fc.assert(
      fc.property(values, (value) => {
        const bytes = message.encode(value, version);
        expect(message.decodeWithEnd(bytes, version, 0)).toEqual({ value, end: bytes.length });
        expect(Buffer.concat(message.encodeParts(value, version)).equals(bytes)).toBe(true);
        const shifted = Buffer.concat([Buffer.from('before'), bytes, Buffer.from('after')]);
        expect(message.decodeWithEnd(shifted, version, 6)).toEqual({ value, end: 6 + bytes.length });
        expect(acceptedPrefix(message, bytes, version)).toBeUndefined();
      }),
      { numRuns: RUNS },
    );
  });

  test('reads damaged bytes as a value that it can write, or refuses them', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(values, damage, (value, changes) => {
        const bytes = message.encode(value, version);
        if (bytes.length === 0) return;
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        const read = outcome(message, bytes, version);
        if (read === 'refused') return;
        const again = message.encode(read.value, version);
        expect(message.decode(again, version)).toEqual(read.value);
      }),
      { numRuns: RUNS },
    );
  });
});

describe('Kafka itself', () => {
  const jars = join(process.env['PEERS_HOME'] ?? join(homedir(), '.cache/kafkaesque-peers'), 'kafka-4.3.0');
  const java = existsSync(join(jars, '.complete'))
    ? spawnSync('java', ['-version'], { stdio: 'ignore' })
    : undefined;

  if (java?.status !== 0) {
    test('its jars or Java are not present: nothing was given to it', () => {
      process.stdout.write(
        'official codecs: skipped, because the jars of kafka-4.3.0 or Java are not here\n',
      );
    });
    return;
  }

  test('reads every version of every message that we write, and writes the same bytes', () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const own = ownMessages();
    const known = everyVersion.filter(({ name }) => !own.has(name));
    const lines = known.flatMap(({ name, message, version }) =>
      fc
        .sample(structOf(message.fields, version), { numRuns: 4, seed })
        .map((value) => `${name} ${version} ${message.encode(value, version).toString('hex')}`),
    );
    const program = join(__dirname, 'read-and-write.java');
    const run = spawnSync('java', [...SHORT_LIVED, '-cp', join(jars, '*'), program], {
      input: lines.join('\n'),
      encoding: 'utf8',
      timeout: 100_000,
    });
    const report = run.stdout.trim().split('\n').slice(-5);
    expect({ seed, report, stderr: run.stderr.slice(0, 500) }).toMatchObject({
      report: [`${lines.length} same`],
    });
    process.stdout.write(`Kafka read ${lines.length} messages and wrote the same bytes\n`);
  }, 120_000);
});
