import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { DataSourceOptions } from 'typeorm';

/** A proxy to a database server that can drop packets: nothing arrives on either side, and no connection is closed. */
export interface SilentProxy {
  /** Returns the options of a data source through the proxy. */
  through(options: DataSourceOptions): DataSourceOptions;
  /** Drops every packet from now on, also of new connections. */
  lose(): void;
  /** Lets new connections work again. Dropped packets stay lost. */
  recover(): void;
  close(): Promise<void>;
}

export async function silentProxy(to: DataSourceOptions): Promise<SilentProxy> {
  const { host = '127.0.0.1', port } = to as { host?: string; port?: number };
  const server = { host, port: port ?? (to.type === 'postgres' ? 5432 : 3306) };
  const sockets = new Set<Socket>();
  let isLost = false;
  const listener = createServer((client) => {
    sockets.add(client);
    client.on('error', () => undefined);
    if (isLost) return;
    const upstream = connect(server);
    sockets.add(upstream);
    upstream.on('error', () => client.destroy());
    forward(client, upstream);
    forward(upstream, client);
  });
  const lost = new WeakSet<Socket>();

  function forward(from: Socket, to: Socket): void {
    const isDeaf = (): boolean => isLost || lost.has(from);
    from.on('data', (data) => {
      if (!isDeaf()) to.write(data);
    });
    // the end of a connection is a packet too
    from.on('close', () => {
      if (!isDeaf()) to.destroy();
    });
  }

  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const address = listener.address() as AddressInfo;
  return {
    through: (options) => ({ ...options, host: '127.0.0.1', port: address.port }) as DataSourceOptions,
    lose: () => {
      isLost = true;
      for (const socket of sockets) lost.add(socket);
    },
    recover: () => {
      isLost = false;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}
