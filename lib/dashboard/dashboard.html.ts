import { escapeHtml } from '../chart/svg/markup.js';
/** The parts of the page, besides the files that it loads. */
export interface DashboardDocument {
  readonly title: string;
  /** where the files stand, relative to the address that was asked for: './' or './trackstats/' */
  readonly base: string;
  readonly hash: string;
  readonly signInUrl: string | undefined;
  readonly signOutUrl: string | undefined;
}

/**
 * The page before its script has run: no text of a user is in it but the title and the address, both escaped. Every
 * address is relative, so that the page works wherever a proxy puts it.
 */
export function dashboardHtml({ title, base, hash, signInUrl, signOutUrl }: DashboardDocument): string {
  const file = (name: string): string => escapeHtml(`${base}trackstats-page/${hash}/${name}`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="${file('icon.svg')}" type="image/svg+xml">
<link rel="stylesheet" href="${file('style.css')}">
<script type="module" src="${file('app.js')}"></script>
</head>
<body data-title="${escapeHtml(title)}"${attribute('data-sign-in', signInUrl)}${attribute('data-sign-out', signOutUrl)}>
<noscript><p class="notice">This page draws charts with JavaScript, which is switched off in this browser.</p></noscript>
</body>
</html>
`;
}

function attribute(name: string, value: string | undefined): string {
  return value === undefined ? '' : ` ${name}="${escapeHtml(value)}"`;
}

/**
 * Returns the path from the address that a browser requested to the files below the page. A server may serve the page
 * with and without a slash at its end, and only the request shows which one it was.
 */
export function baseOf(url: string): string {
  const path = url.replace(/[?#].*$/s, '');
  const last = path.slice(path.lastIndexOf('/') + 1);
  return last === '' ? './' : `./${last}/`;
}
