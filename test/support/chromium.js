/** The browser behind the dashboard's tests. JavaScript, as jest's global set-up is. */
import { existsSync } from 'node:fs';

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** Where Chromium is: what TRACKSTATS_TEST_CHROMIUM says (`none`: nowhere), else the first of the usual places; null where there is none. */
export function findChromium() {
  const named = process.env.TRACKSTATS_TEST_CHROMIUM;
  if (named === 'none') return null;
  if (named !== undefined && named !== '' && !existsSync(named)) {
    throw new Error(`TRACKSTATS_TEST_CHROMIUM names ${named}, which is not there.`);
  }
  return named || (PLACES.find((place) => existsSync(place)) ?? null);
}
