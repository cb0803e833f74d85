/** The ways in which a statement goes wrong. */
export const FAULTS = [
  /** the database refuses it */
  'fails before',
  /** it is executed, and the connection breaks before the answer */
  'fails after',
  /** it is executed, and no answer ever comes */
  'acknowledgement lost',
  /** the process dies, and the database rolls its transaction back */
  'dies before',
  'dies after',
  /** the process is paused for longer than its lease */
  'sleeps before',
  'sleeps after',
] as const;

export type Fault = (typeof FAULTS)[number];

/** As SQLite says that its file cannot be read or written: the library takes it for an outage. */
export class SimulatedError extends Error {
  readonly code: string;

  constructor(message: string, code = 'SQLITE_IOERR') {
    super(message);
    this.code = code;
  }
}
