/**
 * Takes the README's picture of the dashboard: `node build/dashboard-picture.js [DIR [FROM TO]]`. Run `npm start` once
 * before, to build the sample application. DIR is the git repository to show, by default this one. FROM and TO are
 * dates, by default of the last year. Needs Chromium.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import puppeteer from 'puppeteer-core';
import { findChromium } from '../test/support/chromium.js';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const PICTURE = join(ROOT, 'docs', 'images', 'dashboard.png');
const METRIC = '?metric=git%2Fcommits&period=WEEK';

const [repository = ROOT, from, to] = process.argv.slice(2);
const range = from === undefined ? 'range=1y' : `from=${from}&to=${to}`;

const directory = mkdtempSync(join(tmpdir(), 'trackstats-picture-'));
const sample = startSample(repository, join(directory, 'activity.sqlite'));
try {
  await takePicture(await sample.url);
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

async function takePicture(url) {
  const browser = await puppeteer.launch({
    executablePath: findChromium(),
    args: ['--no-sandbox', '--disable-gpu', '--lang=en-US'],
  });
  try {
    const page = await browser.newPage();
    await page.setViewport({ width: 1200, height: 760 });
    await page.goto(`${url}/${METRIC}&${range}`);
    await page.waitForSelector('.chart svg', { timeout: 120_000 });
    await page.screenshot({ path: PICTURE });
  } finally {
    await browser.close();
  }
}
