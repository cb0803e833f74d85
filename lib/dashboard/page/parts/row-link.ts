import type { TargetedMouseEvent } from 'preact';

/**
 * Follows the first link of a row that was pressed anywhere, with the keys that were held. Keyboards and screen readers have
 * the link itself. A press that selected text, or that is one of a link or a button, is left alone.
 */
export function followRow(event: TargetedMouseEvent<HTMLTableRowElement>): void {
  const isOwn = (event.target as Element).closest('a, button') !== null;
  if (isOwn || getSelection()?.isCollapsed === false) return;
  event.currentTarget.querySelector('a')?.dispatchEvent(new MouseEvent('click', event));
}
