import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { PrivatePostgres } from './private-postgres.js';
import { pause } from './shop-process.js';

/** An address that leads to one server and later to another one, as those of cloud providers do. */
export class MovingAddress {
  private readonly sockets = new Set<Socket>();
  private readonly listener: Server;

  private constructor(private port: number | null) {
    this.listener = createServer((client) => {
      this.keep(client);
      if (this.port === null) {
        client.destroy();
        return;
      }
      const server = connect({ host: '127.0.0.1', port: this.port });
      this.keep(server);
      client.pipe(server);
      server.pipe(client);
      client.on('close', () => server.destroy());
      server.on('close', () => client.destroy());
    });
  }

  static async of({ port }: PrivatePostgres): Promise<MovingAddress> {
    const address = new MovingAddress(port);
    address.listener.listen(0, '127.0.0.1');
    await once(address.listener, 'listening');
    return address;
  }

  get ownPort(): number {
    return (this.listener.address() as AddressInfo).port;
  }

  options(): DataSourceOptions {
    return { type: 'postgres', host: '127.0.0.1', port: this.ownPort, username: 'postgres', database: 'postgres' };
  }

  /** Passes nothing on any more. What is on its way is lost when the server crashes. */
  hold(): void {
    for (const socket of this.sockets) socket.unpipe().pause();
  }

  /** Closes every connection, and leads new ones to a server, or to none. */
  lead(server: PrivatePostgres | null): void {
    this.port = server?.port ?? null;
    for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.lead(null);
    this.listener.close();
    await once(this.listener, 'close');
  }

  private keep(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.sockets.delete(socket));
  }
}

/** A primary and a replica, which takes its place when it crashes. */
export class Pair {
  private constructor(
    private primary: PrivatePostgres,
    private replica: PrivatePostgres | null,
    readonly address: MovingAddress,
    /** by which the replica receives what the primary writes */
    private readonly stream: MovingAddress,
    private readonly isSynchronous: boolean,
  ) {}

  static async start(isSynchronous: boolean): Promise<Pair> {
    const primary = new PrivatePostgres();
    const [address, stream] = [await MovingAddress.of(primary), await MovingAddress.of(primary)];
    const pair = new Pair(primary, null, address, stream, isSynchronous);
    await pair.addReplica();
    return pair;
  }

  /**
   * Crashes the primary and promotes the replica.
   *
   * @param lag milliseconds for which the replica received nothing before
   */
  async failOver(lag: number): Promise<void> {
    const { replica } = this;
    if (replica === null) throw new TypeError('there is no replica');
    this.stream.hold();
    await pause(lag);
    this.primary.crash();
    this.address.lead(null);
    this.stream.lead(null);
    // a real one is noticed after some seconds
    await pause(500);
    if (this.isSynchronous) replica.configure('synchronous_standby_names', '');
    replica.promote();
    this.address.lead(replica);
    this.primary.remove();
    this.primary = replica;
    this.replica = null;
  }

  /** Gives the primary a replica, which has received everything before this resolves. */
  async addReplica(): Promise<void> {
    this.stream.lead(this.primary);
    this.replica = new PrivatePostgres({ port: this.primary.port, streamPort: this.stream.ownPort });
    const dataSource = await new DataSource(this.primary.options()).initialize();
    try {
      for (;;) {
        const [found] = await dataSource.query<{ streaming: string }[]>(
          `SELECT COUNT(*) AS streaming FROM pg_stat_replication WHERE state = 'streaming'`,
        );
        if (found?.streaming === '1') break;
        await pause(50);
      }
    } finally {
      await dataSource.destroy();
    }
    if (this.isSynchronous) this.primary.configure('synchronous_standby_names', '*');
  }

  async remove(): Promise<void> {
    await this.address.close();
    await this.stream.close();
    this.replica?.remove();
    this.primary.remove();
  }
}
