/** Text that is HTML already, made by `html` only. */
export class Html {
  constructor(readonly text: string) {}
}

type Part = Html | string | number | null | undefined | false | Part[];

/**
 * Makes HTML of a template. Every value in it is escaped unless it is Html itself, so that nothing a commit says can
 * become markup; null, undefined and false are nothing.
 */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  return new Html(strings.map((string, i) => string + toText(parts[i])).join(''));
}

function toText(part: Part): string {
  if (Array.isArray(part)) return part.map(toText).join('');
  if (part instanceof Html) return part.text;
  if (part === null || part === undefined || part === false) return '';
  return String(part).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
