/** What the parent asks of a process of the shop. */
export interface Call {
  readonly id: number;
  readonly on: 'alerts' | 'trackers' | 'statistics' | 'level' | 'gate' | 'writers';
  readonly method: string;
  readonly args: readonly unknown[];
}

/** What became of a call. */
export interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: { readonly name: string; readonly message: string };
}

/** What a process tells by itself. */
export interface Told {
  readonly event: {
    readonly type: 'ready' | 'waiting' | 'alerted' | 'started' | 'finished' | 'failed' | 'skipped';
    readonly tracker?: string;
    readonly runId?: number;
    readonly error?: string;
    /** id of the crossing */
    readonly alert?: string;
    readonly attempt?: number;
  };
}
