import type { JSX, Ref } from 'preact';

/** Some dates in a row, by their places in the chart, in the order in which they were selected. */
export interface SelectedDates {
  readonly from: number;
  readonly to: number;
}

interface DateSliderProps {
  readonly input: Ref<HTMLInputElement>;
  /** the place of the last date; -1 if there is none */
  readonly last: number;
  readonly place: number;
  readonly text: string;
  readonly style: Readonly<Record<string, string>>;
  readonly selected: SelectedDates | null;
  /** called with a place that the slider moves to; null: it has lost the focus */
  readonly onWalk: (place: number | null) => void;
  /** called with the dates that Shift and arrow keys select. Undefined: none can be selected */
  readonly onSelect: ((dates: SelectedDates | null) => void) | undefined;
  /** called by Enter */
  readonly onChoose: (dates: SelectedDates) => void;
}

/** The places to which keys lead while Shift is pressed. Browsers disagree on them. */
const STEPS: Readonly<Record<string, (place: number, last: number) => number>> = {
  ArrowLeft: (place) => place - 1,
  ArrowDown: (place) => place - 1,
  ArrowRight: (place) => place + 1,
  ArrowUp: (place) => place + 1,
  Home: () => 0,
  End: (_, last) => last,
};

/** The slider that reads a chart date by date. With Shift its keys select dates, and Enter chooses these. */
export function DateSlider(props: DateSliderProps): JSX.Element {
  const { last, place, selected, onWalk, onSelect, onChoose } = props;
  const press = (event: KeyboardEvent): void => {
    if (onSelect === undefined) return;
    const step = STEPS[event.key];
    if (event.shiftKey && step !== undefined) {
      event.preventDefault();
      const to = Math.min(last, Math.max(0, step(place, last)));
      onSelect({ from: selected?.from ?? place, to });
      onWalk(to);
    } else if (event.key === 'Enter' && selected !== null) {
      onSelect(null);
      onChoose(selected);
    } else if (step !== undefined || event.key === 'Escape') {
      onSelect(null);
    }
  };
  return (
    <input
      ref={props.input}
      class="walker"
      type="range"
      min={0}
      max={Math.max(0, last)}
      value={place}
      aria-label="Date"
      aria-valuetext={props.text}
      aria-description={onSelect === undefined ? undefined : 'Shift and arrow keys select dates, which Enter shows.'}
      style={props.style}
      onKeyDown={press}
      onInput={(event) => {
        onWalk(event.currentTarget.valueAsNumber);
      }}
      onFocus={() => {
        onWalk(place);
      }}
      onBlur={() => {
        onSelect?.(null);
        onWalk(null);
      }}
    />
  );
}
