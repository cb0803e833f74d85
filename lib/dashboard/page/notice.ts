import { RequestError } from './api.js';
import { element } from './element.js';

/** Says what went wrong, and offers to try again. */
export function notice(error: unknown, again?: () => void): HTMLElement {
  const message = error instanceof Error ? error.message : String(error);
  const details = error instanceof RequestError ? error.details : [];
  const shown = element(
    'div',
    { class: 'notice', role: 'alert' },
    ...[message, ...details].map((text) => element('p', {}, text)),
  );
  if (again === undefined) return shown;
  const button = element('button', { type: 'button' }, 'Try again');
  button.addEventListener('click', again);
  shown.append(element('p', {}, button));
  return shown;
}

/** The element whose changes screen readers announce. */
const region = element('p', { role: 'status', class: 'hidden', id: 'announcement' });

export function announcer(): HTMLElement {
  return region;
}

/** Tells what has just happened, in a sentence. */
export function announce(text: string): void {
  region.textContent = text;
}
