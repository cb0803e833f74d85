/** The contents of an element. Text becomes text nodes, so nothing in a name is ever markup. */
export type Child = Node | string | null | false;

export type Attributes = Readonly<Record<string, string | number | boolean | null>>;

/**
 * Makes an element. An attribute that is null or false is left out, true is one without a value.
 *
 * @example element('a', { href: '?view=trackers' }, 'Trackers')
 */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  setAttributes(made, attributes);
  made.append(...children.filter(isShown));
  return made;
}

const SVG = 'http://www.w3.org/2000/svg';

/** As `element`, of SVG. */
export function graphic(
  tag: 'svg' | 'path' | 'circle' | 'line',
  attributes: Attributes,
  ...children: Node[]
): SVGElement {
  const made = document.createElementNS(SVG, tag);
  setAttributes(made, attributes);
  made.append(...children);
  return made;
}

/** Puts children in place of those that an element has. */
export function fill<E extends Element>(parent: E, ...children: Child[]): E {
  parent.replaceChildren(...children.filter(isShown));
  return parent;
}

/** Text that only screen readers read. */
export function hidden(text: string): HTMLElement {
  return element('span', { class: 'hidden' }, text);
}

function isShown(child: Child): child is Node | string {
  return child !== null && child !== false;
}

function setAttributes(target: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === false) continue;
    target.setAttribute(name, value === true ? '' : String(value));
  }
}
