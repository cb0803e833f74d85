import { button, field } from './controls.js';
import { element } from './element.js';

/** Local dates, both included; one that is left out is the default of what they are for. */
export interface Dates {
  readonly from?: string;
  readonly to?: string;
}

interface Question {
  readonly title: string;
  readonly explanation: string;
  /** the label of the button that confirms */
  readonly action: string;
  readonly dates?: Dates;
  readonly needsFrom?: boolean;
}

/** Asks for a range of dates and for a confirmation. Resolves to null if it is dismissed, as by Escape. */
export async function askForDates({
  title,
  explanation,
  action,
  dates = {},
  needsFrom = false,
}: Question): Promise<Dates | null> {
  const from = element('input', { type: 'date', value: dates.from ?? '', required: needsFrom });
  const to = element('input', { type: 'date', value: dates.to ?? '', min: dates.from ?? null });
  from.addEventListener('input', () => {
    to.min = from.value;
  });
  const form = element(
    'form',
    { class: 'stack' },
    element('h2', { id: 'dialog-title' }, title),
    element('p', { id: 'dialog-explanation' }, explanation),
    element('div', { class: 'controls' }, field(needsFrom ? 'From (required)' : 'From', from), field('To', to)),
    element(
      'div',
      { class: 'row end' },
      button('Cancel', () => {
        dialog.close();
      }),
      element('button', { type: 'submit', class: 'main' }, action),
    ),
  );
  const dialog = element(
    'dialog',
    { 'aria-labelledby': 'dialog-title', 'aria-describedby': 'dialog-explanation' },
    form,
  );
  const answer = new Promise<Dates | null>((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes' ? given(from.value, to.value) : null);
    });
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault(); // the page's content security policy allows no form to be sent
    dialog.close('yes');
  });
  document.body.append(dialog);
  dialog.showModal();
  return answer;
}

function given(from: string, to: string): Dates {
  return { ...(from !== '' && { from }), ...(to !== '' && { to }) };
}
