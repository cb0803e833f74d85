import type { DataSource } from 'typeorm';

/** The ways in which a statement goes wrong that a real PostgreSQL can show. */
export const FAULTS = [
  /** the server refuses it, and another try may succeed */
  'refused',
  /** the server has no room for it */
  'no room',
  'breaks before',
  /** it is executed, and the connection breaks before the answer */
  'breaks after',
  'dies before',
  'dies after',
] as const;

export type Fault = (typeof FAULTS)[number];

interface Client {
  query: (...parameters: readonly unknown[]) => Promise<unknown>;
  readonly connection: { readonly stream: { destroy(): void; once(event: 'close', listener: () => void): void } };
}

interface Pool {
  readonly _clients: readonly Client[];
  on(event: 'connect', listener: (client: Client) => void): void;
}

const CODES = { refused: '40001', 'no room': '53200' } as const;

/** The connections of a process to PostgreSQL, whose statements are counted, held back, and made to fail. */
export class FailingClient {
  /** the texts of the statements since `arm` */
  readonly sent: string[] = [];
  private answered = 0;
  private fault: { readonly kind: Fault; readonly at: number } | null = null;
  private isDead = false;
  private heldAt = Infinity;
  private let: () => void = () => undefined;
  private held: Promise<void> | null = null;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly dataSource: DataSource) {
    for (const client of this.pool._clients) this.wrap(client);
    this.pool.on('connect', (client) => {
      this.wrap(client);
    });
  }

  /**
   * Counts from here.
   *
   * @param heldAt the number of the statement that waits for `release`, from 1 on
   */
  arm(fault: { readonly kind: Fault; readonly at: number } | null, heldAt = Infinity): void {
    this.sent.length = 0;
    [this.answered, this.fault, this.heldAt, this.isDead] = [0, fault, heldAt, false];
    this.held = new Promise((resolve) => (this.let = resolve));
  }

  /** Resolves when a statement waits, or so many were answered. */
  reached(): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (this.sent.length < this.heldAt) return;
        this.listeners.delete(look);
        resolve();
      };
      this.listeners.add(look);
      look();
    });
  }

  release(): void {
    this.heldAt = Infinity;
    this.let();
  }

  get done(): number {
    return this.answered;
  }

  private get pool(): Pool {
    return (this.dataSource.driver as unknown as { master: Pool }).master;
  }

  private wrap(client: Client): void {
    const query = client.query.bind(client);
    client.query = async (...parameters) => {
      if (this.isDead) throw broken();
      const [first] = parameters;
      const text = typeof first === 'string' ? first : String((first as { text?: string }).text);
      this.sent.push(text);
      const number = this.sent.length;
      for (const listener of [...this.listeners]) listener();
      if (number === this.heldAt) await this.held;
      const kind = this.fault?.at === number ? this.fault.kind : null;
      const answer = await this.perform(client, kind, () => query(...parameters), query);
      this.answered++;
      return answer;
    };
  }

  private async perform(
    client: Client,
    kind: Fault | null,
    execute: () => Promise<unknown>,
    query: Client['query'],
  ): Promise<unknown> {
    switch (kind) {
      case null:
        return execute();
      case 'refused':
      case 'no room':
        return query(`DO $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '${CODES[kind]}'; END $$`);
      case 'breaks after':
      case 'dies after':
        await execute();
    }
    if (kind.startsWith('dies')) {
      this.isDead = true;
      for (const other of this.pool._clients) other.connection.stream.destroy();
    }
    const { stream } = client.connection;
    // the driver hears of it before its caller does
    const closed = new Promise<void>((resolve) => {
      stream.once('close', resolve);
    });
    stream.destroy();
    await closed;
    throw broken();
  }
}

function broken(): Error {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
}
