import type { ElementHandle, KeyInput, Page } from 'puppeteer-core';
import { DashboardApplications } from '../dashboard/application.js';
import { DESKTOP, describeInBrowser, eventually, PHONE, show } from '../dashboard/browser.js';
import { startShop } from './dashboard-shop.js';
import { tell } from './figures.js';

const MINUTES = Number(process.env.SOAK_MINUTES ?? 60);
const SEED = Number(process.env.SOAK_SEED ?? 1);

/** Minutes between two measurements of the page's memory. */
const HEAP_EVERY = MINUTES / 10;

/** Between two looks at what the page shows. */
const STEPS = 25;

/** What a person can press or fill in, except what leaves the dashboard. A tracker that always fails is left alone. */
const CONTROLS = `a[href^="?"], main button, select, main input, summary, dialog button, dialog input, .chart`;
const LEFT_ALONE = `[...document.querySelectorAll('.actions button')].filter(() => location.search.includes('returns'))`;
const MISS = 'a miss';
const KEYS: readonly KeyInput[] = [
  'Tab',
  'Enter',
  'Space',
  'Escape',
  'ArrowLeft',
  'ArrowRight',
  'Home',
  'End',
  'PageUp',
];

const applications = new DashboardApplications();
afterAll(() => applications.close());

describeInBrowser('an hour of random clicking', (browser) => {
  it('leaves no error in the console, and nothing that makes no sense on the page', async () => {
    const url = await startShop(applications);
    const { page, faults } = await browser.openWithClock(url);
    const random = randomFrom(SEED);
    const steps: string[] = [];
    const heapMb: number[] = [];
    const began = Date.now();
    const end = began + MINUTES * 60_000;
    while (Date.now() < end) {
      for (let step = 0; step < STEPS; step++) {
        steps.push(await act(page, random).catch((error: unknown) => expected(error)));
        await new Promise((resolve) => setTimeout(resolve, random() * 150));
      }
      await settle(page);
      const last = `seed ${SEED}: … ${steps.slice(-STEPS).join(', ')} at ${page.url()}`;
      // two runs or verifications of one tracker at a time are refused, and the page says so
      expect([last, faults.filter((fault) => !/\b409\b/.test(fault))]).toEqual([last, []]);
      expect([last, await nonsense(page)]).toEqual([last, []]);
      if (Date.now() >= began + (heapMb.length + 1) * HEAP_EVERY * 60_000) heapMb.push(await heapOf(page));
    }
    const misses = steps.filter((step) => step === MISS).length;
    heapMb.push(await heapOf(page));
    tell('random clicking', { minutes: MINUTES, steps: steps.length, misses, heapMb });
    // the second one, because the first views load their parts
    expect(Math.max(...heapMb)).toBeLessThan(2 * (heapMb[1] ?? Infinity));
  });
});

/** One thing that a person may do. Returns it in words. */
async function act(page: Page, random: () => number): Promise<string> {
  const chance = random();
  if (chance < 0.05) return goBack(page, random);
  if (chance < 0.1) {
    const key = KEYS[Math.floor(random() * KEYS.length)] ?? 'Tab';
    await page.keyboard.press(key);
    return key;
  }
  if (chance < 0.12) {
    const [width, theme] = [random() < 0.5 ? PHONE : DESKTOP, random() < 0.5 ? ('light' as const) : ('dark' as const)];
    await show(page, { width, theme });
    return `${theme}, ${width} pixels`;
  }
  if (chance < 0.15) {
    await page.evaluate('passMinute()');
    return 'a minute';
  }
  const scope = (await page.$('dialog[open]')) === null ? CONTROLS : 'dialog button, dialog input';
  const handle = await page.evaluateHandle(`(() => {
    const alone = ${LEFT_ALONE};
    const all = [...document.querySelectorAll(${JSON.stringify(scope)})].filter((one) =>
      one.checkVisibility() && !alone.includes(one));
    return all[Math.floor(${random()} * all.length)] ?? null;
  })()`);
  const element = handle.asElement() as ElementHandle | null;
  if (element === null) return 'nothing to press';
  // a handle that is kept would keep what the page has long thrown away
  return use(page, element, random).finally(() => element.dispose());
}

async function goBack(page: Page, random: () => number): Promise<string> {
  const isBack = random() < 0.7;
  // the first page of the tab is not the dashboard
  await page.evaluate(isBack ? `navigation.canGoBack && history.back()` : 'history.forward()');
  await eventually(page, `location.pathname.endsWith('/trackstats') || history.forward()`);
  return isBack ? 'back' : 'forward';
}

async function use(page: Page, element: ElementHandle, random: () => number): Promise<string> {
  const [tag, type, name] = (await element.evaluate((one) => [
    one.tagName.toLowerCase(),
    one.getAttribute('type') ?? '',
    (one.getAttribute('aria-label') ?? one.textContent ?? '').trim().slice(0, 30),
  ])) as [string, string, string];
  if (tag === 'select') {
    await element.evaluate(
      `(one) => { one.selectedIndex = Math.floor(${random()} * one.options.length); one.dispatchEvent(new Event('change', { bubbles: true })); }`,
    );
  } else if (type === 'date' || type === 'number') {
    const day = new Date(Date.parse('2026-11-02') - Math.floor(random() * 600) * 86_400_000).toISOString().slice(0, 10);
    const value = type === 'date' ? (random() < 0.1 ? '' : day) : String(Math.floor(random() * 14));
    await element.evaluate(
      `(one) => { one.value = '${value}'; for (const name of ['input', 'change']) one.dispatchEvent(new Event(name, { bubbles: true })); }`,
    );
  } else if (type === 'search') {
    await element.click();
    await page.keyboard.type('edit ada 1'.charAt(Math.floor(random() * 10)));
    if (random() < 0.5) await element.evaluate(`(one) => { one.value = ''; one.dispatchEvent(new Event('input')); }`);
  } else if (tag === 'div') {
    await drag(page, element, random);
  } else {
    await element.click();
  }
  return `${tag} ${name}`;
}

/** Points along a chart, and sometimes draws over a part of it. */
async function drag(page: Page, chart: ElementHandle, random: () => number): Promise<void> {
  await chart.scrollIntoView();
  const box = await chart.boundingBox();
  if (box === null) return;
  const at = (): [number, number] => [box.x + random() * box.width, box.y + random() * box.height];
  await page.mouse.move(...at());
  const isDrawn = random() < 0.3;
  if (isDrawn) await page.mouse.down();
  await page.mouse.move(...at());
  if (isDrawn) await page.mouse.up();
}

/** What was to be pressed may be gone, or below something else, by the time that it is pressed. */
function expected(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (/not clickable|detached|not an Element|Node is|Execution context|Waiting/i.test(message)) return MISS;
  throw error;
}

async function settle(page: Page): Promise<void> {
  const isSettled = `document.querySelector('main h1') !== null && document.querySelector('[aria-busy=true]') === null`;
  await page.waitForFunction(isSettled, { timeout: 60_000, polling: 100 });
}

/** Text that no person would write, and a page that is wider than its window. */
async function nonsense(page: Page): Promise<string[]> {
  return page.evaluate(`(() => {
    const found = document.body.innerText.match(/\\bNaN\\b|undefined|Infinity|\\[object|Invalid|null\\b/g) ?? [];
    const wide = document.documentElement.scrollWidth - innerWidth;
    return wide > 0 ? [...found, wide + ' pixels too wide'] : [...found];
  })()`) as Promise<string[]>;
}

async function heapOf(page: Page): Promise<number> {
  const session = await page.createCDPSession();
  await session.send('HeapProfiler.collectGarbage');
  await session.detach();
  const { JSHeapUsedSize = 0 } = await page.metrics();
  return Math.round(JSHeapUsedSize / 1_000_000);
}

/** The same numbers for the same seed, so that what was found can be found again: mulberry32. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
