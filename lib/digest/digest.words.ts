import type { MomentText } from '../chart/moment-text.js';
import type { NumberText } from '../catalog/number-text.js';
import type { DigestRange } from './digest.range.js';
import type { DigestLine } from './digest.reader.js';

/** The words of a digest about one metric, in HTML and in text. */
export interface LineWords {
  readonly name: string;
  readonly value: string;
  /** '▲ +12% from 1,200' */
  readonly change: string;
  /** 'better' or 'worse' colours the change */
  readonly direction: 'better' | 'worse' | 'neither';
  /** a remark about the value, such as its date; '' for none */
  readonly note: string;
}

export interface Language {
  readonly numbers: NumberText;
  readonly moments: MomentText;
}

export function wordsOf(line: DigestLine, { numbers, moments }: Language): LineWords {
  const { name, value, before, change, better } = line;
  const write = (one: number | null): string => numbers.full(one, line.unit ?? undefined);
  const difference = value === null || before === null ? 0 : value - before;
  const arrow = difference > 0 ? '▲ ' : difference < 0 ? '▼ ' : '';
  const size = change === null ? '' : `${numbers.change(change)} `;
  const notes = [
    ...(line.on === null ? [] : [`on ${moments.date(line.on)}`]),
    ...(line.partly === null ? [] : [`${String(line.partly.known)} of ${String(line.partly.of)} days`]),
    ...(line.isOpen ? ['counted before the last date was over'] : []),
  ];
  return {
    name,
    value: value === null ? 'not known' : write(value),
    change: before === null ? '' : `${arrow}${size}from ${write(before)}`,
    direction:
      difference === 0 || better === null ? 'neither' : difference > 0 === (better === 'up') ? 'better' : 'worse',
    note: notes.join(', '),
  };
}

export function rangeText({ from, to }: DigestRange, moments: MomentText): string {
  return from === to ? moments.date(from) : moments.range(from, to);
}

/** At most so many values, each the mean of as many known ones as the others. */
export function condensed(course: readonly (number | null)[], most: number): (number | null)[] {
  const size = Math.max(1, Math.ceil(course.length / most));
  return Array.from({ length: Math.ceil(course.length / size) }, (_, place) => {
    const known = course.slice(place * size, (place + 1) * size).filter((value) => value !== null);
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value / known.length, 0);
  });
}

/** The heights of values from 0 to 1, with zero at 0 unless there are values below it. */
export function heightsOf(values: readonly (number | null)[]): (number | null)[] {
  const known = values.filter((value) => value !== null);
  const [low, high] = [Math.min(0, ...known), Math.max(0, ...known)];
  return values.map((value) => (value === null ? null : high === low ? 0 : (value - low) / (high - low)));
}

const BLOCKS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/** A course in characters: ▁▃▅█. What is not known is a dot. */
export function sparkText(course: readonly (number | null)[], most: number): string {
  return heightsOf(condensed(course, most))
    .map((height) => (height === null ? '·' : (BLOCKS[Math.round(height * (BLOCKS.length - 1))] ?? '')))
    .join('');
}
