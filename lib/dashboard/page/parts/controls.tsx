import type { ComponentChildren, JSX } from 'preact';
import { useId, useState } from 'preact/hooks';

export interface Choice<T extends string = string> {
  readonly value: T;
  readonly label: string;
}

interface ControlsProps {
  readonly label: string;
  /** always shown: what people change most */
  readonly first: ComponentChildren;
  /** how many of the others are not as they are by default */
  readonly changed: number;
  /** the others, which a phone shows after a press */
  readonly children: ComponentChildren;
}

/** The controls of a page in a row. A phone shows the first of them, or the page would begin with a screen of fields. */
export function Controls({ label, first, changed, children }: ControlsProps): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  return (
    <div class={isOpen ? 'controls open' : 'controls'} role="group" aria-label={label}>
      {first}
      <button
        type="button"
        class="fold"
        aria-expanded={isOpen}
        onClick={() => {
          setOpen(!isOpen);
        }}
      >
        Filters
        {changed > 0 && (
          <span class="badge">
            {changed}
            <span class="hidden"> changed</span>
          </span>
        )}
      </button>
      {children}
    </div>
  );
}

/** Controls that stay in one row, if they fit into it. */
export function Together({ children }: { children: ComponentChildren }): JSX.Element {
  return <div class="together">{children}</div>;
}

/** A labelled control. */
export function Field({ label, children }: { label: string; children: ComponentChildren }): JSX.Element {
  return (
    <label class="field">
      <span>{label}</span>
      {children}
    </label>
  );
}

interface SelectProps<T extends string> {
  readonly choices: readonly Choice<T>[];
  readonly value: T;
  readonly onChange: (value: T) => void;
  readonly label?: string;
  readonly class?: string;
}

/** A list to choose one from. */
export function Select<T extends string>({ choices, value, onChange, label, ...rest }: SelectProps<T>): JSX.Element {
  return (
    <select
      aria-label={label}
      class={rest.class}
      value={value}
      onChange={(event) => {
        const chosen = choices.find((choice) => choice.value === event.currentTarget.value);
        if (chosen !== undefined) onChange(chosen.value);
      }}
    >
      {choices.map((choice) => (
        <option key={choice.value} value={choice.value} selected={choice.value === value}>
          {choice.label}
        </option>
      ))}
    </select>
  );
}

interface ChoicesProps<T extends string> {
  readonly legend: string;
  readonly choices: readonly Choice<T>[];
  readonly value: T;
  readonly onChange: (value: T) => void;
}

/** A few choices side by side, of which one holds. */
export function Choices<T extends string>({ legend, choices, value, onChange }: ChoicesProps<T>): JSX.Element {
  const name = useId();
  return (
    <fieldset>
      <legend>{legend}</legend>
      <div class="choices">
        {choices.map((choice) => (
          <label key={choice.value}>
            <input
              type="radio"
              name={name}
              value={choice.value}
              checked={choice.value === value}
              onChange={() => {
                onChange(choice.value);
              }}
            />
            <span>{choice.label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

interface CheckboxProps {
  readonly label: string;
  readonly title: string;
  readonly isChecked: boolean;
  readonly onChange: (isChecked: boolean) => void;
}

export function Checkbox({ label, title, isChecked, onChange }: CheckboxProps): JSX.Element {
  return (
    <label class="check" title={title}>
      <input
        type="checkbox"
        checked={isChecked}
        onChange={(event) => {
          onChange(event.currentTarget.checked);
        }}
      />
      <span>{label}</span>
    </label>
  );
}
