import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Field } from './controls.js';

/** Local dates, both included; one that is left out is the default of what they are for. */
export interface DateChoice {
  readonly from?: string;
  readonly to?: string;
}

interface DatesDialogProps {
  readonly title: string;
  readonly explanation: string;
  /** the label of the button that confirms */
  readonly action: string;
  readonly dates?: DateChoice;
  readonly needsFrom?: boolean;
  /** called with null if it is dismissed, as by Escape */
  readonly onAnswer: (dates: DateChoice | null) => void;
}

/** Asks for a range of dates and for a confirmation. */
export function DatesDialog(props: DatesDialogProps): JSX.Element {
  const { title, explanation, action, dates = {}, needsFrom = false, onAnswer } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const form = useRef<HTMLFormElement>(null);
  const [from, setFrom] = useState(dates.from ?? '');
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const confirm = (event: Event): void => {
    event.preventDefault(); // the page's content security policy allows no form to be sent
    const [first, last] = [...(form.current?.querySelectorAll('input') ?? [])].map((input) => input.value);
    dialog.current?.close();
    onAnswer({
      ...(first !== undefined && first !== '' && { from: first }),
      ...(last !== undefined && last !== '' && { to: last }),
    });
  };
  return (
    <dialog
      ref={dialog}
      aria-labelledby="dialog-title"
      aria-describedby="dialog-explanation"
      onCancel={(event) => {
        event.preventDefault();
        dialog.current?.close();
        onAnswer(null);
      }}
    >
      <form class="stack" ref={form} onSubmit={confirm}>
        <h2 id="dialog-title">{title}</h2>
        <p id="dialog-explanation">{explanation}</p>
        <div class="controls">
          <Field label={needsFrom ? 'From (required)' : 'From'}>
            <input
              type="date"
              defaultValue={dates.from ?? ''}
              required={needsFrom}
              onInput={(event) => {
                setFrom(event.currentTarget.value);
              }}
            />
          </Field>
          <Field label="To">
            <input type="date" defaultValue={dates.to ?? ''} min={from === '' ? undefined : from} />
          </Field>
        </div>
        <div class="row end">
          <button
            type="button"
            onClick={() => {
              dialog.current?.close();
              onAnswer(null);
            }}
          >
            Cancel
          </button>
          <button type="submit" class="main">
            {action}
          </button>
        </div>
      </form>
    </dialog>
  );
}
