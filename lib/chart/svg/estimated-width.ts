/**
 * The widths of characters in thousandths of the size of the letters. They are those of Verdana and DejaVu, which are the
 * widest of the usual fonts. What is not here has the width of a capital letter.
 */
const CLASSES: readonly (readonly [characters: RegExp, width: number])[] = [
  [/[\p{Mn}\p{Cf}]/u, 0],
  [/[ijltfr.,:;|!'’ \u00a0\u202fI()[\]{}/\\`"-]/u, 400],
  [/[0-9a-ln-vx-zß-ÿ$€£¥?_–−]/u, 640],
  [/[mwMW@%…—]/u, 1_000],
  [/[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{Extended_Pictographic}]/u, 1_100],
];
const OTHER = 780;
const BOLD = 1.1;

/** Estimates the pixels of a text in the reader's font, which is not known here, and rather too wide than too narrow. */
export function estimatedWidth(text: string, size: number, weight: 'normal' | 'bold' = 'normal'): number {
  let width = 0;
  for (const character of text) width += CLASSES.find(([characters]) => characters.test(character))?.[1] ?? OTHER;
  return (width * size * (weight === 'bold' ? BOLD : 1)) / 1_000;
}

/** Shortens a text that is wider than its room, with an ellipsis at its end. */
export function shortened(text: string, size: number, room: number, weight: 'normal' | 'bold' = 'normal'): string {
  if (estimatedWidth(text, size, weight) <= room) return text;
  let kept = '';
  let width = estimatedWidth('…', size, weight);
  for (const { segment } of GRAPHEMES.segment(text)) {
    width += estimatedWidth(segment, size, weight);
    if (width > room) break;
    kept += segment;
  }
  return `${kept.trimEnd()}…`;
}

/** A flag, or a letter with its accents, is not cut in two. */
const GRAPHEMES = new Intl.Segmenter('en', { granularity: 'grapheme' });
