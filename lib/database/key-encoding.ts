import type { DataSource, EntityMetadata } from 'typeorm';
import { canonicalDecimal } from './decimal.js';
import { dialectOf, isSupported } from './dialects/dialect.registry.js';
import type { ColumnShape, KeyEncoding, KeyKind, KeyRefusal, StoredKeyType } from './dialects/dialect.js';

type ColumnMetadata = EntityMetadata['columns'][number];

/** A column as the entity declares it. */
export function columnShape({ driver }: DataSource, column: ColumnMetadata): ColumnShape {
  const { type, isArray, length, precision, scale, isPrimary, entityMetadata } = column;
  return {
    type: driver.normalizeType(column).toLowerCase(),
    isBoolean: type === Boolean || type === 'boolean' || type === 'bool',
    isOnlyKey: isPrimary && entityMetadata.primaryColumns.length === 1 && entityMetadata.withoutRowid !== true,
    isArray,
    length: length === '' ? null : Number(length),
    precision: precision ?? null,
    scale: scale ?? null,
  };
}

/** How a column's values become keys, or why they cannot; null in a database without a dialect. */
export function keyEncodingOf(dataSource: DataSource, column: ColumnMetadata): KeyEncoding | KeyRefusal | null {
  return isSupported(dataSource) ? dialectOf(dataSource).keyEncoding(columnShape(dataSource, column)) : null;
}

/** Key columns of each type, and the kinds of values that they hold without loss. */
const HELD: Readonly<Record<Exclude<StoredKeyType, 'varchar'>, ReadonlySet<KeyKind>>> = {
  integer: new Set(['integer', 'bits', 'boolean']),
  boolean: new Set(['boolean', 'integer', 'bits']),
  date: new Set(['date']),
};

/** True if a key column of a type can store each value of a column without loss. */
export function holdsKey(stored: StoredKeyType, encoding: KeyEncoding, { precision, scale }: ColumnShape): boolean {
  if (stored === 'varchar' || HELD[stored].has(encoding.kind)) return true;
  const digits = precision === null ? encoding.scale : (scale ?? 0);
  return stored === 'integer' && encoding.kind === 'decimal' && digits === 0;
}

/** A key, or what was expected instead of the value. */
export type EncodedKey = { readonly text: string } | { readonly expected: string };

const WHOLE_NUMBER = { expected: 'Expected a whole number; give one greater than 2^53 as bigint or text.' };

/**
 * A value as the application has it, with its column's transformers applied, as the text of a key: the one that
 * `storedKey` makes of the same value in the database. Text is checked, and otherwise left as it is.
 */
export function encodeKey(encoding: KeyEncoding, value: unknown): EncodedKey {
  if (value instanceof Uint8Array) return encodeBytes(encoding, value);
  if (typeof value === 'boolean' && encoding.kind === 'bits') return { text: value ? '1' : '0' };
  if (typeof value === 'bigint') return encodeText(encoding, value.toString());
  if (typeof value === 'number') return encodeNumber(encoding, value);
  if (typeof value === 'string') return encodeText(encoding, value);
  return { expected: 'Expected a number, a bigint, text, or the bytes of a binary column.' };
}

function encodeBytes({ kind, length }: KeyEncoding, value: Uint8Array): EncodedKey {
  const hex = Buffer.from(value).toString('hex');
  switch (kind) {
    case 'binary':
      return { text: hex.padEnd(2 * (length ?? 0), '0') };
    case 'bits':
      return { text: BigInt(`0x${hex === '' ? '0' : hex}`).toString() };
    default:
      return { expected: 'Expected a number or text: the column is not binary.' };
  }
}

function encodeNumber(encoding: KeyEncoding, value: number): EncodedKey {
  if (Number.isSafeInteger(value)) return encodeText(encoding, String(value + 0));
  const decimal = encoding.kind === 'decimal' && Number.isFinite(value) ? canonicalDecimal(value) : null;
  return decimal === null ? WHOLE_NUMBER : encodeText(encoding, decimal);
}

function encodeText({ kind, scale, isShortest, isLoose }: KeyEncoding, text: string): EncodedKey {
  switch (kind) {
    case 'integer':
      if (/^[+-]?\d+$/.test(text)) return { text: BigInt(text.replace('+', '')).toString() };
      return isLoose ? { text } : { expected: `${WHOLE_NUMBER.expected} The column is an integer.` };
    case 'decimal':
      return encodeDecimal(text, scale, isShortest);
    case 'float':
      return { text: isShortest && /^-?\d{1,15}$/.test(text) ? `${text}.0` : text };
    case 'uuid':
      return encodeUuid(text);
    case 'padded':
      return { text: text.replace(/ +$/, '') };
    case 'address':
      return { text: encodeAddress(text) };
    case 'binary':
      if (/^([0-9a-f]{2})*$/i.test(text)) return { text: text.toLowerCase() };
      return { expected: "Expected a Buffer, or its bytes as hexadecimal text: 'a0eebc99…'. The column is binary." };
    default:
      return { text };
  }
}

function encodeDecimal(text: string, scale: number | null, isShortest: boolean): EncodedKey {
  if (scale === null && !isShortest) return { text };
  const canonical = canonicalDecimal(text);
  if (canonical === null) return { text };
  if (scale === null) return { text: canonical };
  const [whole = '', fraction = ''] = canonical.split('.');
  return { text: scale === 0 ? canonical : `${whole}.${fraction.padEnd(scale, '0')}` };
}

function encodeUuid(text: string): EncodedKey {
  const digits = text.replace(/[{}-]/g, '').toLowerCase();
  if (!/^[0-9a-f]{32}$/.test(digits)) return { expected: 'Expected a uuid: the column is one.' };
  return { text: digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-') };
}

/** As servers write it: without the mask of a single host, IPv6 in its short form. */
function encodeAddress(text: string): string {
  const [, address = '', mask = ''] = /^([^/]*)(\/\d+)?$/.exec(text.trim().toLowerCase()) ?? [];
  if (!address.includes(':')) return mask === '/32' ? address : address + mask;
  const rest = mask === '/128' ? '' : mask;
  const url = `http://[${address}]`;
  // dotted ends (::ffff:10.0.0.1) stay dotted in databases, and would not in a URL
  if (address.includes('.') || !URL.canParse(url)) return address + rest;
  return new URL(url).hostname.slice(1, -1) + rest;
}
