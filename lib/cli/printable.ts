// control characters, those that turn the direction of text, and separators of lines
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Returns text that is safe for a terminal. Characters that would move the cursor, colour or hide text become escapes. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escaped);
}

/** A message of several lines. */
export function printableLines(text: string): string {
  return text.split(/\r?\n/).map(printable).join('\n');
}

/** Returns JSON in which unprintable characters are escapes. It parses to the same value. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value, null, 2)
    .split('\n')
    .map((line) => line.replace(UNPRINTABLE, escaped))
    .join('\n');
}

function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, place) => character.charCodeAt(place))
    .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
    .join('');
}
