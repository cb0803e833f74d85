import { oneLine, type ResolvedDigest } from './digest.options.js';
import type { DigestRange } from './digest.range.js';
import type { DigestLine } from './digest.reader.js';
import { type Language, rangeText, sparkText, wordsOf } from './digest.words.js';

const MOST_VALUES = 31;

/** Writes a digest for programs that show no HTML. */
export function digestText(
  { title, url }: ResolvedDigest,
  range: DigestRange,
  lines: readonly DigestLine[],
  language: Language,
): string {
  const blocks = lines.map((line) => {
    const { name, value, change, note } = wordsOf(line, language);
    const figures = [value, ...[change, note].filter((text) => text !== '').map((text) => `(${text})`)].join(' ');
    const spark = sparkText(line.course, MOST_VALUES);
    // a name with a line break would pass for a line of its own
    return [`${oneLine(name)}: ${figures}`, ...(spark === '' ? [] : [spark])].join('\n');
  });
  return (
    [`${title}\n${rangeText(range, language.moments)}`, ...blocks, ...(url === undefined ? [] : [url])].join('\n\n') +
    '\n'
  );
}
