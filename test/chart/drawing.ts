/** Reads a chart as a person does: by its axes, and not by the code that drew it. */
export class Drawing {
  constructor(private readonly svg: string) {}

  /** The elements of a name, with their attributes and what is in them. */
  all(name: string): { readonly attributes: Readonly<Record<string, string>>; readonly content: string }[] {
    const found = this.svg.matchAll(new RegExp(`<${name}((?: [\\w:-]+="[^"]*")*)(?:/>|>([^<]*))`, 'g'));
    return [...found].map(([, attributes = '', content = '']) => ({
      attributes: Object.fromEntries(
        [...attributes.matchAll(/ ([\w:-]+)="([^"]*)"/g)].map(([, key, value]) => [key, value]),
      ),
      content,
    }));
  }

  private texts(anchor: string): { text: string; x: number; y: number }[] {
    return this.all('text')
      .filter(({ attributes }) => attributes['text-anchor'] === anchor)
      .map(({ attributes, content }) => ({ text: content, x: Number(attributes['x']), y: Number(attributes['y']) }));
  }

  /** The numbers on the axis, from below. */
  get valueTicks(): { text: string; y: number }[] {
    return this.texts('end').map(({ text, y }) => ({ text, y: y - 4 }));
  }

  /** The dates below the chart, with the year where one is written. */
  get dateTicks(): { text: string; x: number }[] {
    const texts = this.texts('middle');
    const top = Math.min(...texts.map(({ y }) => y));
    return texts
      .filter(({ y }) => y === top)
      .map(({ text, x }) => ({
        text: [text, ...texts.filter((other) => other.y > top && other.x === x).map((other) => other.text)].join(' '),
        x,
      }));
  }

  /** Where lines go through, a list for each part without a gap. */
  get lines(): readonly (readonly (readonly [number, number])[])[] {
    return this.paths((attributes) => attributes['fill'] === 'none' && attributes['stroke-dasharray'] === undefined);
  }

  /** Lines to what is not over. */
  get openLines(): readonly (readonly (readonly [number, number])[])[] {
    return this.paths((attributes) => attributes['stroke-dasharray'] === '2 5');
  }

  get beforeLines(): readonly (readonly (readonly [number, number])[])[] {
    return this.paths((attributes) => attributes['stroke-dasharray'] === '5 4');
  }

  get dots(): readonly (readonly [number, number])[] {
    return this.all('circle').map(({ attributes }) => [Number(attributes['cx']), Number(attributes['cy'])] as const);
  }

  /** The bars with their middle, ends and opacity. */
  get bars(): { x: number; from: number; to: number; isOpen: boolean }[] {
    return this.all('path')
      .filter(({ attributes }) => /[Vh]/.test(attributes['d'] ?? ''))
      .flatMap(({ attributes }) =>
        [...(attributes['d'] ?? '').matchAll(/M([\d.-]+) ([\d.-]+)V([\d.-]+)h([\d.-]+)V[\d.-]+Z/g)].map(
          ([, x, from, to, width]) => ({
            x: Number(x) + Number(width) / 2,
            from: Number(from),
            to: Number(to),
            isOpen: attributes['opacity'] === '0.5',
          }),
        ),
      );
  }

  /** The value at a height, by two numbers on the axis and the rule of three. */
  valueAt(
    y: number,
    read: (text: string) => number = (text) => Number(text.replace(/,/g, '').replace('−', '-')),
  ): number {
    const [low, high] = [this.valueTicks[0]!, this.valueTicks.at(-1)!];
    return read(low.text) + ((y - low.y) / (high.y - low.y)) * (read(high.text) - read(low.text));
  }

  private paths(isMeant: (attributes: Readonly<Record<string, string>>) => boolean): [number, number][][] {
    return this.all('path')
      .filter(({ attributes }) => isMeant(attributes))
      .flatMap(({ attributes }) => (attributes['d'] ?? '').split('M').slice(1))
      .map((part) => part.split('L').map((pair) => pair.split(' ').map(Number) as [number, number]));
  }
}
