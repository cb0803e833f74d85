import { button } from './controls.js';
import { element } from './element.js';

/** Asks before something is done that cannot be undone. Escape says no. */
export async function confirmed(question: string, action: string): Promise<boolean> {
  const text = element('p', { id: 'question' }, question);
  const dialog = element('dialog', { 'aria-labelledby': 'question' }, text);
  const answer = new Promise<boolean>((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
  });
  const close = (value: string) => (): void => {
    dialog.close(value);
  };
  const buttons = element(
    'div',
    { class: 'row end' },
    button('Cancel', close('no')),
    button(action, close('yes'), { class: 'main' }),
  );
  dialog.append(buttons);
  document.body.append(dialog);
  dialog.showModal();
  return answer;
}
