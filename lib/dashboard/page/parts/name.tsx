import { Fragment, type JSX } from 'preact';
import { breakable } from './format.js';

/** A name of code that breaks between its words where a column is narrow. */
export function Name({ text }: { text: string }): JSX.Element {
  return (
    <>
      {breakable(text).map((part, place) => (
        <Fragment key={place}>
          {place > 0 && <wbr />}
          {part}
        </Fragment>
      ))}
    </>
  );
}
