import { DARK, LIGHT, type Palette } from '../chart/svg/palette.js';
import { escapeXml } from '../chart/svg/markup.js';
import type { ResolvedDigest } from './digest.options.js';
import type { DigestRange } from './digest.range.js';
import type { DigestLine } from './digest.reader.js';
import { condensed, heightsOf, type Language, rangeText, sparkText, wordsOf } from './digest.words.js';

/**
 * HTML of mails. Outlook on Windows draws with Word, which knows tables and attributes; Gmail and Yahoo remove SVG, and
 * Gmail removes a style sheet as a whole where it does not know a part of it. So all that matters is in attributes and
 * inline styles, and the style sheet has the colours of the dark alone, for the programs that show them.
 */

/** Gmail cuts a message after 102 kB. */
const MOST_BYTES = 100_000;
/** The number of bars of each chart, from the most on. 0: characters take the place of bars. */
const BARS = [31, 14, 7, 0];
const BAR_HEIGHT = 40;
/** In pixels. A chart of few bars is not as wide as one of many. */
const [WIDEST_BAR, CHART_WIDTH] = [24, 480];
const LONGEST_NAME = 120;
const FONT = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const TABLE = '<table role="presentation" cellpadding="0" cellspacing="0" border="0"';

export function digestHtml(
  digest: ResolvedDigest,
  range: DigestRange,
  lines: readonly DigestLine[],
  language: Language,
): string {
  let html = '';
  for (const bars of BARS) {
    html = drawDigest(digest, range, lines, language, bars);
    if (Buffer.byteLength(html) <= MOST_BYTES) break;
  }
  return html;
}

function drawDigest(
  { title, url, locale }: ResolvedDigest,
  range: DigestRange,
  lines: readonly DigestLine[],
  language: Language,
  bars: number,
): string {
  const link =
    url === undefined
      ? ''
      : `<tr><td style="padding:16px 0 0;${FONT};font-size:14px;line-height:20px"><a href="${escapeXml(url)}" class="ts-link" style="color:${LIGHT.series[0]}">Show more</a></td></tr>`;
  return [
    `<!doctype html><html lang="${escapeXml(locale)}"><head><meta charset="utf-8">`,
    '<meta name="viewport" content="width=device-width,initial-scale=1">',
    '<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">',
    `<title>${escapeXml(title)}</title><style>@media (prefers-color-scheme:dark){${darkRules()}}</style></head>`,
    `<body class="ts-ground" style="margin:0;padding:0;background-color:${GROUND.light}">`,
    `${TABLE} width="100%" bgcolor="${GROUND.light}" class="ts-ground" style="background-color:${GROUND.light}"><tr><td align="center" style="padding:24px 12px">`,
    `${TABLE} width="560" style="width:100%;max-width:560px"><tr><td align="left" style="padding:0 0 16px;${FONT}">`,
    `<h1 class="ts-text" style="margin:0;font-size:20px;line-height:28px;font-weight:600;color:${LIGHT.text}">${escapeXml(title)}</h1>`,
    `<div class="ts-quiet" style="font-size:14px;line-height:20px;color:${LIGHT.quiet}">${escapeXml(rangeText(range, language.moments))}</div></td></tr>`,
    ...lines.map((line) => drawLine(line, language, bars)),
    `${link}</table></td></tr></table></body></html>`,
  ].join('\n');
}

const GROUND = { light: '#f5f6f8', dark: '#10151b' };
const COLOURS = { better: 'good', worse: 'bad', neither: 'quiet' } as const;

function drawLine(line: DigestLine, language: Language, bars: number): string {
  const { name, value, change, direction, note } = wordsOf(line, language);
  const colour = COLOURS[direction];
  const short = Array.from(name).length > LONGEST_NAME ? `${Array.from(name).slice(0, LONGEST_NAME).join('')}…` : name;
  const small = (text: string, paint: 'good' | 'bad' | 'quiet'): string =>
    text === ''
      ? ''
      : `<div class="ts-${paint}" style="font-size:13px;line-height:18px;color:${LIGHT[paint]}">${escapeXml(text)}</div>`;
  return [
    `<tr><td style="padding:0 0 12px">${TABLE} width="100%" bgcolor="${LIGHT.paper}" class="ts-paper" style="background-color:${LIGHT.paper};border:1px solid ${LIGHT.edge};border-radius:8px">`,
    `<tr><td align="left" style="padding:16px;${FONT}">`,
    `<div class="ts-quiet" style="font-size:14px;line-height:20px;color:${LIGHT.quiet}">${escapeXml(short)}</div>`,
    `<div class="ts-text" style="font-size:24px;line-height:32px;font-weight:600;color:${LIGHT.text}">${escapeXml(value)}</div>`,
    small(change, colour) + small(note, 'quiet') + drawCourse(line, bars),
    '</td></tr></table></td></tr>',
  ].join('\n');
}

function drawCourse({ course }: DigestLine, bars: number): string {
  if (course.length < 2 || course.every((value) => value === null)) return '';
  if (bars === 0) {
    return `<div aria-hidden="true" class="ts-link" style="padding:8px 0 0;font-size:16px;line-height:20px;color:${LIGHT.series[0]}">${sparkText(course, 31)}</div>`;
  }
  const heights = heightsOf(condensed(course, bars));
  const width = `${(100 / heights.length).toFixed(2)}%`;
  const cells = heights.map((height) => {
    if (height === null) return `<td width="${width}">&nbsp;</td>`;
    const pixels = Math.max(1, Math.round(height * BAR_HEIGHT));
    return `<td width="${width}" valign="bottom" style="padding:0 2px 0 0">${TABLE} width="100%"><tr><td height="${pixels}" bgcolor="${LIGHT.series[0]}" class="ts-bar" style="background-color:${LIGHT.series[0]};font-size:1px;line-height:1px">&nbsp;</td></tr></table></td>`;
  });
  const wide = heights.length * WIDEST_BAR;
  return `${TABLE} width="${wide > CHART_WIDTH ? '100%' : wide}" aria-hidden="true" style="margin:12px 0 0"><tr style="font-size:1px;line-height:1px">${cells.join('')}</tr></table>`;
}

/** The styles of a dark theme, by the class of an element. */
const RULES = {
  ground: () => `background-color:${GROUND.dark}`,
  paper: ({ paper, edge }: Palette) => `background-color:${paper}!important;border-color:${edge}`,
  text: ({ text }: Palette) => `color:${text}`,
  quiet: ({ quiet }: Palette) => `color:${quiet}`,
  good: ({ good }: Palette) => `color:${good}`,
  bad: ({ bad }: Palette) => `color:${bad}`,
  link: ({ series }: Palette) => `color:${series[0]}`,
  bar: ({ series }: Palette) => `background-color:${series[0]}`,
};

function darkRules(): string {
  return Object.entries(RULES)
    .map(([name, rule]) => `.ts-${name}{${rule(DARK)}!important}`)
    .join('');
}
