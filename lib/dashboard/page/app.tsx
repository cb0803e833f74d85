import { type JSX, render } from 'preact';
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import './style.css';
import type { AlertsResponse, TrackersResponse } from '../../http/resources.js';
import { type Address, hrefOf, identityOf, isSamePage, parseAddress, toOverview } from './address.js';
import { type Answer as Answered, get } from './api.js';
import { MetricPage } from './metric/metric.page.js';
import { OverviewPage } from './metrics/overview.page.js';
import { ObjectPage } from './object/object.page.js';
import { firing } from './parts/alerts.js';
import { Select } from './parts/controls.js';
import { type Dashboard, DashboardContext } from './parts/dashboard.js';
import { type Answer, useLoaded } from './parts/loaded.js';
import { Announcer } from './parts/notice.js';
import { useRefresh } from './parts/refresh.js';
import { applyTheme, chooseTheme, storedTheme, type Theme, THEMES } from './parts/theme.js';
import { attentionCount, troubleCounts } from './parts/trouble.js';
import { TrackerPage } from './trackers/tracker.page.js';
import { TrackersPage } from './trackers/trackers.page.js';

const { title = 'Statistics' } = document.body.dataset;

function App(): JSX.Element {
  const [address, setAddress] = useState(() => parseAddress(location.search));
  const shown = useRef(address);
  const hasArrived = useRef(false);
  const refresh = useRefresh();
  const trackers = useTrackers(refresh.tick, address);
  const isEmbedded = address.page === 'metric' && address.isEmbedded;
  const alerts = useAlerts(refresh.tick, address, isEmbedded);

  const show = useCallback((next: Address): void => {
    if (!isSamePage(shown.current, next)) hasArrived.current = true;
    shown.current = next;
    setAddress(next);
  }, []);
  const go = useCallback((next: Address): void => {
    history.pushState(null, '', hrefOf(next));
    show(next);
  }, []);
  const rewrite = useCallback((next: Address): void => {
    history.replaceState(null, '', hrefOf(next));
    show(next);
  }, []);
  const takeArrival = useCallback((): boolean => {
    const arrived = hasArrived.current;
    hasArrived.current = false;
    return arrived;
  }, []);
  useEffect(() => {
    const back = (): void => {
      show(parseAddress(location.search));
    };
    const follow = (event: MouseEvent): void => {
      followLink(event, go);
    };
    addEventListener('popstate', back);
    document.addEventListener('click', follow);
    return () => {
      removeEventListener('popstate', back);
      document.removeEventListener('click', follow);
    };
  }, []);
  const dashboard = useMemo(
    (): Dashboard => ({ go, rewrite, takeArrival, tick: refresh.tick, trackers, alerts, title }),
    [refresh.tick, trackers, alerts],
  );
  return (
    <DashboardContext.Provider value={dashboard}>
      {!isEmbedded && (
        <>
          <a class="skip" href="#content">
            Skip to content
          </a>
          <Header
            address={address}
            refresh={refresh}
            trackers={trackers.data?.data.trackers ?? []}
            alerts={alerts.data?.data.alerts ?? []}
          />
        </>
      )}
      <main id="content" tabIndex={-1}>
        <PageAt key={identityOf(address)} address={address} />
      </main>
      <Announcer />
    </DashboardContext.Provider>
  );
}

function PageAt({ address }: { address: Address }): JSX.Element {
  switch (address.page) {
    case 'overview':
      return <OverviewPage address={address} />;
    case 'metric':
      return <MetricPage address={address} />;
    case 'object':
      return <ObjectPage address={address} />;
    case 'trackers':
      return <TrackersPage />;
    case 'tracker':
      return <TrackerPage name={address.tracker} />;
  }
}

/** The trackers, for what every page shows of them. Their own pages ask again when one comes to them. */
function useTrackers(tick: number, address: Address): Answer<Answered<TrackersResponse>> {
  return useLoaded(tick, trackersKey(address), (signal) => get(['trackers'], {}, signal));
}

function trackersKey(address: Address): string {
  return address.page === 'trackers' || address.page === 'tracker' ? identityOf(address) : '';
}

/**
 * The alerts, asked for with the trackers. An application that has none is asked once, because it gets none while it
 * runs. An embedded chart shows none.
 */
function useAlerts(tick: number, address: Address, isEmbedded: boolean): Answer<Answered<AlertsResponse>> {
  const none = useRef<Answered<AlertsResponse> | null>(null);
  return useLoaded(tick, isEmbedded ? 'embedded' : trackersKey(address), async (signal) => {
    if (isEmbedded) return NO_ALERTS;
    if (none.current !== null) return none.current;
    const answer = await get<AlertsResponse>(['alerts'], {}, signal);
    if (answer.data.alerts.length === 0) none.current = answer;
    return answer;
  });
}

const NO_ALERTS: Answered<AlertsResponse> = { data: { alerts: [] }, now: '' };

interface HeaderProps {
  readonly address: Address;
  readonly refresh: ReturnType<typeof useRefresh>;
  readonly trackers: TrackersResponse['trackers'];
  readonly alerts: AlertsResponse['alerts'];
}

function Header({ address, refresh, trackers, alerts }: HeaderProps): JSX.Element {
  const { page } = address;
  const isTrackers = page === 'trackers' || page === 'tracker';
  const { failed } = troubleCounts(trackers);
  const alerting = firing(alerts);
  const ofMetrics = alerting.filter(({ kind }) => kind === 'statistic').length;
  const current = (isCurrent: boolean): 'page' | undefined => (isCurrent ? 'page' : undefined);
  return (
    <header class="top">
      <a class="brand" href="?">
        {title}
      </a>
      <nav aria-label="Pages">
        <a href={hrefOf(toOverview(address))} aria-current={current(!isTrackers)}>
          Metrics
          <Count count={ofMetrics} state="alert" meaning={ofMetrics === 1 ? 'alert' : 'alerts'} />
        </a>
        <a href={hrefOf({ page: 'trackers' })} aria-current={current(isTrackers)}>
          Trackers
          <Count
            count={attentionCount(trackers, alerts)}
            state={failed > 0 || alerting.length > ofMetrics ? 'failed' : 'late'}
            meaning="need attention"
          />
        </a>
      </nav>
      <RefreshSwitch refresh={refresh} />
      <ThemeSwitch />
      <SessionLinks />
    </header>
  );
}

interface CountProps {
  readonly count: number;
  readonly state: 'failed' | 'late' | 'alert';
  /** for screen readers */
  readonly meaning: string;
}

/** A number behind a name in the navigation. Nothing while it is 0. */
function Count({ count, state, meaning }: CountProps): JSX.Element | null {
  if (count === 0) return null;
  return (
    <span class={`badge ${state}`}>
      {count}
      <span class="hidden"> {meaning}</span>
    </span>
  );
}

function RefreshSwitch({ refresh }: { refresh: ReturnType<typeof useRefresh> }): JSX.Element {
  return (
    <Select
      label="Refresh"
      class="refresh"
      choices={[
        { value: 'off', label: '↻ Off' },
        { value: 'minute', label: '↻ 1 min' },
      ]}
      value={refresh.interval}
      onChange={refresh.choose}
    />
  );
}

const THEME_LABELS: Readonly<Record<Theme, string>> = { system: 'System', light: 'Light', dark: 'Dark' };

function ThemeSwitch(): JSX.Element {
  const [theme, setTheme] = useState(storedTheme);
  return (
    <Select
      label="Theme"
      class="theme"
      choices={THEMES.map((value) => ({ value, label: THEME_LABELS[value] }))}
      value={theme}
      onChange={(chosen) => {
        chooseTheme(chosen);
        setTheme(chosen);
      }}
    />
  );
}

/** The application's own addresses, if its options name them. */
function SessionLinks(): JSX.Element {
  const { signIn, signOut } = document.body.dataset;
  return (
    <>
      {signIn !== undefined && <a href={signIn}>Sign in</a>}
      {signOut !== undefined && <a href={signOut}>Sign out</a>}
    </>
  );
}

/** Links within the dashboard change the page without reloading it. With a modifier key they open as links do. */
function followLink(event: MouseEvent, go: (address: Address) => void): void {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const href = (event.target as Element | null)?.closest('a')?.getAttribute('href') ?? '';
  if (href === '#content') document.getElementById('content')?.focus();
  else if (!href.startsWith('?')) return;
  event.preventDefault();
  if (href.startsWith('?')) go(parseAddress(href));
}

applyTheme();
document.body.replaceChildren();
render(<App />, document.body);
