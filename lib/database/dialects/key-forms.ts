/** True for the text of an integer that 64 bits hold, as databases write it. */
export function isWholeNumber(key: string): boolean {
  return /^(?:0|-?[1-9]\d{0,17})$/.test(key);
}

/** True for the text of a uuid as databases write it. */
export function isUuid(key: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(key);
}

/** True for bytes as hexadecimal digits. */
export function isHex(key: string): boolean {
  return /^(?:[0-9a-f]{2})*$/.test(key);
}

/** True for a date of the calendar that every database can read. */
export function isDate(key: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(key) || key.startsWith('0000')) return false;
  const time = Date.parse(key);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(key);
}
