/**
 * Takes the README's pictures of the dashboard: `node build/dashboard-pictures.js [DIR]`. Run `npm start` once before, to
 * build the sample application. DIR is the git repository to show, by default this one. Needs Chromium.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import puppeteer from 'puppeteer-core';
import { findChromium } from '../test/support/chromium.js';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const PICTURES = join(ROOT, 'docs', 'images');

/** The pages to take, each as wide as the README shows it, and as high as what it has. */
const PAGES = [
  { name: 'dashboard.png', search: '?range=12m', shows: '.tile .sparkline' },
  {
    name: 'dashboard-metric.png',
    search: '?metric=git%2Fcommits&range=12m&compare=year',
    shows: '.breakdown tbody',
  },
];

const [repository = ROOT] = process.argv.slice(2);

const directory = mkdtempSync(join(tmpdir(), 'trackstats-picture-'));
const sample = startSample(repository, join(directory, 'activity.sqlite'));
try {
  await takePictures(await sample.url);
} finally {
  sample.stop();
  rmSync(directory, { recursive: true, force: true });
}

function startSample(repository, database) {
  const args = ['--public', '--port', '0', '--repo', repository, '--database', database];
  const child = spawn(process.execPath, [join(ROOT, 'sample-app', 'dist', 'main.js'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = new Promise((resolve, reject) => {
    child.stdout.on('data', (text) => {
      const found = /https?:\/\/\S+/.exec(String(text));
      if (found !== null) resolve(found[0]);
    });
    child.on('exit', (code) => {
      reject(new Error(`The sample application ended with ${String(code)} before it listened.`));
    });
  });
  return { url, stop: () => child.kill() };
}

async function takePictures(url) {
  const browser = await puppeteer.launch({
    executablePath: findChromium(),
    args: ['--no-sandbox', '--disable-gpu', '--lang=en-US', '--hide-scrollbars'],
  });
  try {
    for (const { name, search, shows } of PAGES) {
      const page = await browser.newPage();
      await page.setViewport({ width: 1200, height: 400 });
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]);
      await page.goto(`${url}/${search}`);
      await page.waitForSelector('.card, .tile', { timeout: 120_000 });
      // the page asks for what is below its lower edge when one scrolls to it
      await page.evaluate('scrollTo(0, document.body.scrollHeight)');
      await page.waitForSelector(shows, { timeout: 120_000 });
      await page.evaluate('scrollTo(0, 0)');
      await page.waitForFunction(`document.querySelector('[aria-busy=true]') === null`);
      await page.screenshot({ path: join(PICTURES, name), fullPage: true });
    }
  } finally {
    await browser.close();
  }
}
