import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { AlertsResponse, TrackersResponse } from '../../../http/resources.js';
import type { Address } from '../address.js';
import type * as api from '../api.js';
import { type Answer, UNASKED } from './loaded.js';

/** What every view may ask of the page that it is in. */
export interface Dashboard {
  /** Shows an address, as a step that one can go back from. */
  readonly go: (address: Address) => void;
  /** Changes the address of what is shown, without such a step. */
  readonly rewrite: (address: Address) => void;
  /** grows whenever what is shown is to be asked for again */
  readonly tick: number;
  /** the trackers with their state, which every page shows something of */
  readonly trackers: Answer<api.Answer<TrackersResponse>>;
  /** the alerts with their state: none until they are answered */
  readonly alerts: Answer<api.Answer<AlertsResponse>>;
  /** Takes true once, after a step to another page: its heading then gets the focus. */
  readonly takeArrival: () => boolean;
  /** of the application */
  readonly title: string;
}

export const DashboardContext = createContext<Dashboard>({
  go: () => undefined,
  rewrite: () => undefined,
  tick: 0,
  trackers: UNASKED,
  alerts: UNASKED,
  takeArrival: () => false,
  title: '',
});

export function useDashboard(): Dashboard {
  return useContext(DashboardContext);
}
