import { element, type Attributes } from './element.js';

export interface Choice {
  readonly value: string;
  readonly label: string;
}

/** A labelled control. */
export function field(label: string, control: HTMLElement): HTMLElement {
  return element('label', { class: 'field' }, element('span', {}, label), control);
}

/** A list to choose one from. */
export function selection(
  choices: readonly Choice[],
  chosen: string,
  changed: (value: string) => void,
): HTMLSelectElement {
  const select = element(
    'select',
    {},
    ...choices.map(({ value, label }) => element('option', { value, selected: value === chosen }, label)),
  );
  select.addEventListener('change', () => {
    changed(select.value);
  });
  return select;
}

/** A few choices side by side, of which one holds. */
export function choices(
  legend: string,
  options: readonly Choice[],
  chosen: string,
  changed: (value: string) => void,
): HTMLElement {
  const name = `choice-${legend.toLowerCase().replace(/\W+/g, '-')}`;
  const radio = ({ value, label }: Choice): HTMLElement =>
    element(
      'label',
      {},
      element('input', { type: 'radio', name, value, checked: value === chosen }),
      element('span', {}, label),
    );
  const group = element('div', { class: 'choices' }, ...options.map(radio));
  group.addEventListener('change', (event) => {
    changed((event.target as HTMLInputElement).value);
  });
  return element('fieldset', {}, element('legend', {}, legend), group);
}

export function checkbox(label: string, isChecked: boolean, changed: (isChecked: boolean) => void): HTMLElement {
  const input = element('input', { type: 'checkbox', checked: isChecked });
  input.addEventListener('change', () => {
    changed(input.checked);
  });
  return element('label', { class: 'check' }, input, element('span', {}, label));
}

/** An input whose value counts once it is complete: on leaving it, or on Enter. */
export function input(attributes: Attributes, changed: (value: string) => void): HTMLInputElement {
  const made = element('input', attributes);
  made.addEventListener('change', () => {
    changed(made.value);
  });
  return made;
}

export function button(label: string, pressed: () => void, attributes: Attributes = {}): HTMLButtonElement {
  const made = element('button', { type: 'button', ...attributes }, label);
  made.addEventListener('click', pressed);
  return made;
}
