import type { JSX } from 'preact';
import { RequestError } from '../api.js';

/** Says what went wrong, and offers to try again. */
export function Notice({ error, again }: { error: unknown; again?: (() => void) | undefined }): JSX.Element {
  const message = error instanceof Error ? error.message : String(error);
  const details = error instanceof RequestError ? error.details : [];
  return (
    <div class="notice" role="alert">
      {[message, ...details].map((text) => (
        <p key={text}>{text}</p>
      ))}
      {again !== undefined && (
        <p>
          <button type="button" onClick={again}>
            Try again
          </button>
        </p>
      )}
    </div>
  );
}

const ANNOUNCEMENT = 'announcement';

/** The element whose changes screen readers announce. Preact leaves its text alone. */
export function Announcer(): JSX.Element {
  return <p role="status" class="hidden" id={ANNOUNCEMENT} />;
}

/** Tells what has just happened, in a sentence. */
export function announce(text: string): void {
  const region = document.getElementById(ANNOUNCEMENT);
  if (region !== null) region.textContent = text;
}
