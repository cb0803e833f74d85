import type { Events } from './data.js';

export const indexed = (rows: number): Events => ({ table: 'event', rows, indexed: true });
export const bare = (rows: number): Events => ({ table: 'event_bare', rows, indexed: false });
