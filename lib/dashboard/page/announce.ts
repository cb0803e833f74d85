import { element } from './element.js';

/** The element whose changes screen readers announce. */
const region = element('p', { role: 'status', class: 'hidden', id: 'announcement' });

export function announcer(): HTMLElement {
  return region;
}

/** Tells what has just happened, in a sentence. */
export function announce(text: string): void {
  region.textContent = text;
}
