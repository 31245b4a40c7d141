import { Failure } from '@kafkaesque/kernel';
import type { ProducerRecord } from '@kafkaesque/client';
import type { Properties } from '../command-line/client-flags';
import { UsageError } from '../command-line/usage-error';

type Header = NonNullable<ProducerRecord['headers']>[number];

/**
 * Text whose characters are bytes, so that anything that is not UTF-8 passes unharmed: separators are found in the
 * bytes, not in their reading.
 */
const bytesAsText = (text: string): string => Buffer.from(text).toString('latin1');
const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');
const readable = (text: string): string => bytesOf(text).toString();

interface Separators {
  readonly key: string;
  readonly headers: string;
  readonly header: string;
  readonly headerKey: string;
  readonly nullMarker: string | undefined;
}

/** Reads records from lines as Kafka's LineMessageReader does: `headers<TAB>key<TAB>value`, each part if asked for. */
export class LineRecords {
  readonly #topic: string;
  readonly #parsesKey: boolean;
  readonly #parsesHeaders: boolean;
  readonly #ignoresErrors: boolean;
  readonly #separators: Separators;
  #lineNumber = 0;

  constructor(topic: string, properties: Properties) {
    const text = (key: string, otherwise: string): string =>
      bytesAsText(unescaped(properties[key] ?? otherwise));
    this.#topic = topic;
    this.#parsesKey = isTrue(properties['parse.key']);
    this.#parsesHeaders = isTrue(properties['parse.headers']);
    this.#ignoresErrors = isTrue(properties['ignore.error']);
    const marker = properties['null.marker'];
    this.#separators = {
      key: text('key.separator', '\t'),
      headers: text('headers.delimiter', '\t'),
      header: text('headers.separator', ','),
      headerKey: text('headers.key.separator', ':'),
      nullMarker: marker === undefined ? undefined : bytesAsText(marker),
    };
    this.#checkSeparators();
  }

  /** Fails with code UNREADABLE_LINE and Kafka's sentence, which names the line. */
  read(line: Buffer): ProducerRecord {
    this.#lineNumber += 1;
    if (!this.#parsesKey && !this.#parsesHeaders && this.#separators.nullMarker === undefined) {
      return { topic: this.#topic, key: null, value: line };
    }
    const text = line.toString('latin1');
    const { key: keySeparator, headers: headersDelimiter } = this.#separators;
    const headers = this.#parsesHeaders
      ? this.#part(text, 0, headersDelimiter, 'headers delimiter')
      : undefined;
    const headersEnd = headers === undefined ? 0 : headers.length + headersDelimiter.length;
    const key = this.#parsesKey ? this.#part(text, headersEnd, keySeparator, 'key separator') : undefined;
    const keyEnd = headersEnd + (key === undefined ? 0 : key.length + keySeparator.length);
    return {
      topic: this.#topic,
      key: key === undefined ? null : this.#valueOf(key),
      value: this.#valueOf(text.slice(keyEnd)),
      ...(headers === undefined || headers === this.#separators.nullMarker
        ? {}
        : { headers: this.#headersOf(headers) }),
    };
  }

  #part(text: string, from: number, separator: string, name: string): string | undefined {
    const at = text.indexOf(separator, from);
    if (at >= 0) return text.slice(from, at);
    if (this.#ignoresErrors) return undefined;
    throw unreadable(`No ${name} found on line number ${this.#lineNumber}: '${readable(text)}'`);
  }

  #valueOf(text: string): Buffer | null {
    return text === this.#separators.nullMarker ? null : bytesOf(text);
  }

  #headersOf(text: string): readonly Header[] {
    const { header, headerKey, nullMarker } = this.#separators;
    const pairs = text.split(header);
    while (pairs.length > 1 && pairs.at(-1) === '') pairs.pop();
    return pairs.map((pair) => {
      const at = pair.indexOf(headerKey);
      if (at < 0) {
        if (this.#ignoresErrors) return { key: readable(pair), value: null };
        throw unreadable(
          `No header key separator found in pair '${readable(pair)}' on line number ${this.#lineNumber}`,
        );
      }
      const key = pair.slice(0, at);
      if (key === nullMarker) {
        throw unreadable(
          `Header keys should not be equal to the null marker '${readable(key)}' as they can't be null`,
        );
      }
      return { key: readable(key), value: this.#valueOf(pair.slice(at + headerKey.length)) };
    });
  }

  #checkSeparators(): void {
    const { key, headers, header, headerKey, nullMarker } = this.#separators;
    const refuse = (a: string, b: string): never => {
      throw new UsageError(`${a} and ${b} may not be equal`);
    };
    if (nullMarker !== undefined && nullMarker === key) refuse('null.marker', 'key.separator');
    if (nullMarker !== undefined && nullMarker === header) refuse('null.marker', 'headers.separator');
    if (nullMarker !== undefined && nullMarker === headers) refuse('null.marker', 'headers.delimiter');
    if (nullMarker !== undefined && nullMarker === headerKey) refuse('null.marker', 'headers.key.separator');
    if (headers === header) refuse('headers.delimiter', 'headers.separator');
    if (headers === headerKey) refuse('headers.delimiter', 'headers.key.separator');
    if (header === headerKey) refuse('headers.separator', 'headers.key.separator');
  }
}

const isTrue = (value: string | undefined): boolean => value?.trim().toLowerCase() === 'true';

/** A shell passes `\t` as two characters. */
const unescaped = (text: string): string => (text === '\\t' ? '\t' : text);

const unreadable = (message: string): Failure<'UNREADABLE_LINE'> => new Failure('UNREADABLE_LINE', message);
