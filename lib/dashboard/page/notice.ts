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
