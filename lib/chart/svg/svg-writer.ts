import { DARK, LIGHT, type Palette } from './palette.js';
import { escapeXml } from './markup.js';

/** A colour of the palette, or of one of its series. */
export type Paint = Exclude<keyof Palette, 'series'> | number;
/** With 'auto' the reader's setting decides, light or dark. */
export type ChartTheme = 'light' | 'dark' | 'auto';

type Attributes = Readonly<Record<string, string | number | undefined>>;

interface Painted {
  readonly fill?: Paint;
  readonly stroke?: Paint;
}

/**
 * Writes SVG. Colours are attributes, which every program that draws SVG knows, and which no style sheet of a page
 * around it is needed for. Only 'auto' has a style, of the dark colours, and it names no class of a page.
 */
export class SvgWriter {
  private readonly dark = new Map<string, string>();

  constructor(private readonly theme: ChartTheme) {}

  /** @param content SVG, or text that `escapeXml` has escaped */
  element(name: string, attributes: Attributes, painted: Painted = {}, content = ''): string {
    const all = { ...attributes, ...this.paint(painted) };
    const text = Object.entries(all)
      .map(([key, value]) => (value === undefined ? '' : ` ${key}="${escapeXml(String(value))}"`))
      .join('');
    return content === '' ? `<${name}${text}/>` : `<${name}${text}>${content}</${name}>`;
  }

  /** Writes the colours in the dark of what was written until now. */
  style(): string {
    if (this.dark.size === 0) return '';
    const rules = [...this.dark].map(([name, rule]) => `.${name}{${rule}}`).join('');
    return `<style>@media (prefers-color-scheme:dark){${rules}}</style>`;
  }

  private paint({ fill, stroke }: Painted): Attributes {
    const colours = this.theme === 'dark' ? DARK : LIGHT;
    const names: string[] = [];
    const attributes: Record<string, string> = {};
    for (const [key, paint] of Object.entries({ fill, stroke })) {
      if (paint === undefined) continue;
      attributes[key] = colourOf(colours, paint);
      if (this.theme !== 'auto') continue;
      const name = `trackstats-${key}-${typeof paint === 'number' ? `series-${paint + 1}` : paint}`;
      this.dark.set(name, `${key}:${colourOf(DARK, paint)}`);
      names.push(name);
    }
    return names.length === 0 ? attributes : { class: names.join(' '), ...attributes };
  }
}

function colourOf({ series, ...colours }: Palette, paint: Paint): string {
  if (typeof paint !== 'number') return colours[paint];
  return series[paint % series.length] ?? colours.text;
}
