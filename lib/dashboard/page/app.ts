import { hrefOf, parseAddress, type Address } from './address.js';
import { announce, announcer } from './notice.js';
import { element, fill } from './element.js';
import { metricPage } from './metric.page.js';
import { notice } from './notice.js';
import { overviewPage } from './overview.page.js';
import type { Page, Surroundings } from './page.js';
import { applyTheme, themeSwitch } from './theme.js';
import { trackerPage } from './tracker.page.js';
import { trackersPage } from './trackers.page.js';

const title = document.body.dataset['title'] ?? 'Statistics';
const main = element('main', { id: 'content', tabindex: -1 });
const navigation = element('nav', { 'aria-label': 'Pages' });
let shown: Page | null = null;
let leaving = new AbortController();

/** Shows what the address says. @param isStep whether a person came here from another page of this dashboard */
async function show(isStep: boolean): Promise<void> {
  const address = parseAddress(location.search);
  markCurrent(address);
  if (shown?.follow?.(address) === true) return;
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  shown = null;
  main.setAttribute('aria-busy', 'true');
  const page = await pageOf(address, { signal, go, rewrite }).catch((error: unknown) => {
    if (signal.aborted) return null;
    return failed(error);
  });
  if (page === null || signal.aborted) return;
  shown = page;
  document.title = page.title === title ? title : `${page.title} · ${title}`;
  fill(main, page.content).removeAttribute('aria-busy');
  if (!isStep) return;
  scrollTo(0, 0);
  main.querySelector('h1')?.focus();
  announce(page.title);
}

function pageOf(address: Address, surroundings: Surroundings): Promise<Page> {
  switch (address.page) {
    case 'overview':
      return overviewPage(address, surroundings);
    case 'metric':
      return metricPage(address, surroundings);
    case 'trackers':
      return trackersPage(surroundings);
    case 'tracker':
      return trackerPage(address.tracker, surroundings);
  }
}

function failed(error: unknown): Page {
  const heading = element('h1', { tabindex: -1 }, 'Something went wrong');
  const content = element(
    'div',
    { class: 'heading' },
    heading,
    notice(error, () => void show(false)),
  );
  return { title: 'Error', content };
}

function go(address: Address): void {
  history.pushState(null, '', hrefOf(address));
  void show(true);
}

function rewrite(address: Address): void {
  history.replaceState(null, '', hrefOf(address));
}

function markCurrent({ page }: Address): void {
  const isTrackers = page === 'trackers' || page === 'tracker';
  const link = (name: string, address: Address, isCurrent: boolean): HTMLElement =>
    element('a', { href: hrefOf(address), 'aria-current': isCurrent && 'page' }, name);
  fill(
    navigation,
    link('Metrics', { page: 'overview', search: '', period: '' }, !isTrackers),
    link('Trackers', { page: 'trackers' }, isTrackers),
  );
}

/** Links within the dashboard change the page without reloading it. With a modifier key they open as links do. */
function followLinks(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const href = (event.target as Element | null)?.closest('a')?.getAttribute('href') ?? '';
  if (href === '#content') main.focus();
  else if (!href.startsWith('?')) return;
  event.preventDefault();
  if (href.startsWith('?')) go(parseAddress(href));
}

applyTheme();
document.body.replaceChildren(
  element('a', { class: 'skip', href: '#content' }, 'Skip to content'),
  element(
    'header',
    { class: 'top' },
    element('a', { class: 'brand', href: '?' }, title),
    navigation,
    themeSwitch(() => shown?.recolour?.()),
  ),
  main,
  announcer(),
);
document.addEventListener('click', followLinks);
addEventListener('popstate', () => void show(true));
void show(false);
