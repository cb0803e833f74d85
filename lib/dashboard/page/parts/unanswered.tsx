import type { ComponentChildren, JSX } from 'preact';
import { Heading } from './heading.js';
import { Notice } from './notice.js';

interface UnansweredProps {
  readonly error: unknown;
  readonly again: () => void;
  /** shown below the error */
  readonly children?: ComponentChildren;
}

/** Stands in for a page that has no data yet: it is loading, or its first request failed. */
export function Unanswered({ error, again, children }: UnansweredProps): JSX.Element {
  if (error === null) {
    return (
      <div class="stack" aria-busy="true">
        <p class="quiet">Loading …</p>
      </div>
    );
  }
  return (
    <div class="stack">
      <Heading title="Something went wrong" />
      <Notice error={error} again={again} />
      {children}
    </div>
  );
}
