const WIDTHS = new Map<string, number>();
let context: CanvasRenderingContext2D | null | undefined;

/** The pixels of a text on an axis, which is written in the page's font: fonts differ by a quarter. */
export function widthOfText(text: string): number {
  const known = WIDTHS.get(text);
  if (known !== undefined) return known;
  if (context === undefined) {
    context = document.createElement('canvas').getContext('2d');
    // years are bold
    if (context !== null) context.font = `600 12px ${getComputedStyle(document.documentElement).fontFamily}`;
  }
  const width = context === null ? text.length * 8 : context.measureText(text).width;
  WIDTHS.set(text, width);
  return width;
}
