import { randomBytes } from 'node:crypto';

const VERSION_AT = 6;
const VARIANT_AT = 8;

/** A random UUID (version 4) as 22 characters of base64url, never with a dash first: it would look like an option. */
export const randomUuid = (): string => {
  for (;;) {
    const bytes = randomBytes(16);
    bytes.writeUInt8((bytes.readUInt8(VERSION_AT) & 0x0f) | 0x40, VERSION_AT);
    bytes.writeUInt8((bytes.readUInt8(VARIANT_AT) & 0x3f) | 0x80, VARIANT_AT);
    const text = bytes.toString('base64url');
    if (!text.startsWith('-')) return text;
  }
};
