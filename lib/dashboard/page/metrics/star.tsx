import type { JSX } from 'preact';

/** Marks a metric as a favourite in this browser. */
export function Star({ name, isOn, onPress }: { name: string; isOn: boolean; onPress: () => void }): JSX.Element {
  return (
    <button type="button" class="star" aria-pressed={isOn} aria-label={`Favourite ${name}`} onClick={onPress}>
      <svg viewBox="0 0 24 24" aria-hidden="true" focusable="false">
        <path d="m12 3 2.8 5.7 6.2.9-4.5 4.4 1 6.2-5.5-2.9-5.5 2.9 1-6.2L3 9.6l6.2-.9z" />
      </svg>
    </button>
  );
}
