import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { currentRun } from '../support/servers.js';

/** Describes what a real browser shows; skipped, and said so at the end of the run, where there is none. */
export function describeInBrowser(title: string, body: (browser: TestBrowser) => void): void {
  const path = currentRun()?.chromium ?? null;
  const run = path === null ? describe.skip : describe;
  run(`${title} in Chromium`, () => {
    const browser = new TestBrowser(path ?? '');
    beforeAll(() => browser.launch());
    afterEach(() => browser.closePages());
    afterAll(() => browser.close());
    body(browser);
  });
}

export interface PageOptions {
  readonly theme?: 'light' | 'dark';
  readonly width?: number;
  readonly headers?: Record<string, string>;
  /** runs before the page's own, as text */
  readonly script?: string;
}

/** A page, and what went wrong on it. */
export interface TestPage {
  readonly page: Page;
  /** violations of the content security policy, requests to other hosts, errors of scripts, answers that are errors */
  readonly faults: string[];
}

/** As text: it runs in the browser, whose names the tests do not know. */
const TELL_VIOLATIONS = `addEventListener('securitypolicyviolation', (event) => {
  console.error('violation of ' + event.violatedDirective + ': ' + event.blockedURI + ' ' + event.sample);
})`;

/** Only those of the page's own minute: what waits in the page for a condition uses intervals, too. */
const HOLD_MINUTES = `{
  const held = [];
  const begin = window.setInterval;
  window.setInterval = (work, wait) => (wait === 60000 ? held.push(work) : begin(work, wait));
  window.passMinute = () => held.forEach((work) => work());
}`;

export const PHONE = 390;
export const DESKTOP = 1280;

/**
 * Suggestions below the address bar, which are pages that Chromium shows to nobody here: each browser spends 1.7 s of
 * processor time on them, of 3.5 s for its start.
 */
const WITHOUT_SUGGESTIONS = '--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup';

/** One browser for a describe. */
export class TestBrowser {
  private browser?: Browser;

  constructor(private readonly path: string) {}

  async launch(): Promise<void> {
    const args = ['--no-sandbox', '--lang=en-US', '--disable-gpu', WITHOUT_SUGGESTIONS];
    this.browser = await puppeteer.launch({ executablePath: this.path, args });
  }

  async open(url: string, options: PageOptions = {}): Promise<TestPage> {
    const opened = await this.openAtOnce(url, options);
    await this.ready(opened.page);
    return opened;
  }

  /** Opens a page, and leaves it to the test to wait for what it shows. */
  async openAtOnce(
    url: string,
    { theme = 'light', width = DESKTOP, headers = {}, script }: PageOptions = {},
  ): Promise<TestPage> {
    const page = await this.browser!.newPage();
    await show(page, { theme, width });
    await page.setExtraHTTPHeaders(headers);
    const faults = watch(page, new URL(url).host);
    await page.evaluateOnNewDocument(TELL_VIOLATIONS);
    if (script !== undefined) await page.evaluateOnNewDocument(script);
    await page.goto(url);
    return { page, faults };
  }

  /** Opens a page whose minutes pass when the test calls `passMinute()` in it. */
  async openWithClock(url: string): Promise<TestPage> {
    return this.open(url, { script: HOLD_MINUTES });
  }

  /** Waits until a page shows what it was asked for, its chart drawn. */
  async ready(page: Page): Promise<void> {
    await page.waitForFunction(
      `document.querySelector('main h1') !== null && document.querySelector('[aria-busy=true], .chart:not(:has(svg))') === null`,
      { timeout: 10_000, polling: 20 },
    );
  }

  async closePages(): Promise<void> {
    const [, ...pages] = (await this.browser?.pages()) ?? []; // the first is the browser's own
    await Promise.all(pages.map((page) => page.close()));
  }

  async close(): Promise<void> {
    await this.browser?.close();
  }
}

/** Gives a page another theme or width while it is shown. */
export async function show(page: Page, { theme, width }: { theme: 'light' | 'dark'; width: number }): Promise<void> {
  await page.setViewport({ width, height: width === PHONE ? 844 : 900 });
  await page.emulateMediaFeatures([
    { name: 'prefers-color-scheme', value: theme },
    { name: 'prefers-reduced-motion', value: 'reduce' },
  ]);
}

function watch(page: Page, host: string): string[] {
  const faults: string[] = [];
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (!['blob:', 'data:'].includes(url.protocol) && url.host !== host) faults.push(`request to ${request.url()}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) faults.push(`${response.status()} of ${response.url()}`);
  });
  page.on('requestfailed', (request) => {
    if (request.failure()?.errorText !== 'net::ERR_ABORTED') faults.push(`no answer of ${request.url()}`);
  });
  page.on('pageerror', (error) => {
    faults.push(error instanceof Error ? error.message : String(error));
  });
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warn') faults.push(message.text());
  });
  page.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return faults;
}

/** The text of an element, its white space as it is shown. */
export function textOf(page: Page, selector: string): Promise<string> {
  return page.$eval(selector, (element) => (element.textContent ?? '').replace(/\s+/g, ' ').trim());
}

/** Waits for what the page shows after something was done to it. */
export async function eventually(page: Page, condition: string): Promise<void> {
  await page.waitForFunction(condition, { timeout: 10_000, polling: 20 });
}
