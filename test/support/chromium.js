/** The browser of the dashboard's tests. JavaScript, because jest's global set-up loads it untransformed. */
import { existsSync } from 'node:fs';

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** Returns the path of Chromium: TRACKSTATS_TEST_CHROMIUM, or the first of the usual places. null if there is none. */
export function findChromium() {
  const named = process.env.TRACKSTATS_TEST_CHROMIUM;
  if (named === 'none') return null;
  if (named !== undefined && named !== '' && !existsSync(named)) {
    throw new Error(`TRACKSTATS_TEST_CHROMIUM names ${named}, which is not there.`);
  }
  return named || (PLACES.find((place) => existsSync(place)) ?? null);
}
