import type { Address } from './address.js';

/** A page as it is shown. */
export interface Page {
  readonly title: string;
  readonly content: Node;
  /** Shows another address by itself, if it is one of the same page; else gives false. */
  follow?(address: Address): boolean;
  /** The theme has changed. */
  recolour?(): void;
}

/** The context of a page. */
export interface Surroundings {
  /** aborted when another page is shown */
  readonly signal: AbortSignal;
  /** Shows an address, as a step that one can go back from. */
  readonly go: (address: Address) => void;
  /** Changes the address of what is shown, without such a step. */
  readonly rewrite: (address: Address) => void;
}
