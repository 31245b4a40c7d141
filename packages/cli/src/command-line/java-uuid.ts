const UUID_BYTES = 16;
/** Sixteen bytes in base64, padding included. */
const MAX_LETTERS = 24;

/** A UUID that was read, or what Kafka says about the text. */
export type ParsedUuid =
  | { readonly kind: 'uuid'; /** 22 characters of base64url. */ readonly text: string }
  | { readonly kind: 'wrong'; readonly message: string };

const wrong = (message: string): ParsedUuid => ({ kind: 'wrong', message });

/**
 * Reads a UUID as Kafka does: base64url, with or without padding, whatever its last four bits say. So one UUID may be
 * written in several ways; the text that comes back is the one that Kafka prints.
 */
export const parseUuid = (input: string): ParsedUuid => {
  if (input.length > MAX_LETTERS)
    return wrong(
      `Input string with prefix \`${input.slice(0, MAX_LETTERS)}\` is too long to be decoded as a base64 UUID`,
    );
  const [letters = '', padding = ''] = /^([^=]*)(.*)$/s.exec(input)?.slice(1) ?? [];
  const illegal = /[^\w-]/.exec(letters)?.[0];
  if (illegal !== undefined)
    return wrong(`Illegal base64 character ${(illegal.codePointAt(0) ?? 0).toString(16)}`);
  if (input.length === 1) return wrong('Input byte[] should at least have 2 bytes for base64 bytes');
  const left = letters.length % 4;
  if (padding !== '' && padding !== { 2: '==', 3: '=' }[left])
    return wrong('Input byte array has wrong 4-byte ending unit');
  if (left === 1) return wrong('Last unit does not have enough valid bits');
  const bytes = Buffer.from(letters, 'base64url');
  if (bytes.length !== UUID_BYTES)
    return wrong(
      `Input string \`${input}\` decoded as ${bytes.length} bytes, which is not equal to the expected ${UUID_BYTES} bytes of a base64-encoded UUID`,
    );
  return { kind: 'uuid', text: bytes.toString('base64url') };
};
