import { baseOf, dashboardHtml } from '../../lib/dashboard/dashboard.html.js';

describe('the page before its script', () => {
  it.each([
    ['/trackstats', './trackstats/'],
    ['/trackstats/', './'],
    ['/', './'],
    ['/admin/statistics?metric=a/b', './statistics/'],
    ['/admin/statistics/?metric=a/b#c/d', './'],
    ['/TRACKSTATS?x=/', './TRACKSTATS/'],
  ])('at %s finds its files at %s', (url, base) => {
    expect(baseOf(url)).toBe(base);
  });

  it('escapes what it is given', () => {
    const html = dashboardHtml({
      title: `</title><script>"'&`,
      base: './"x/',
      hash: 'h',
      signInUrl: undefined,
      signOutUrl: undefined,
    });
    expect(html).not.toContain('</title><script>');
    expect(html).toContain('&lt;/title&gt;&lt;script&gt;&quot;&#39;&amp;');
    expect(html).toContain('./&quot;x/');
  });

  it('has no address that is not relative, and nothing inline', () => {
    const html = dashboardHtml({ title: 'T', base: './', hash: 'h', signInUrl: undefined, signOutUrl: undefined });
    for (const [, address = ''] of html.matchAll(/(?:href|src)="([^"]*)"/g)) expect(address).toMatch(/^\.\//);
    expect(html).not.toMatch(/<style|style=|<script(?![^>]*src=)|\son\w+=/);
  });

  it('has the addresses of the login, escaped', () => {
    const html = dashboardHtml({ title: 'T', base: './', hash: 'h', signInUrl: '/in?a="b"&c', signOutUrl: undefined });
    expect(html).toContain('data-sign-in="/in?a=&quot;b&quot;&amp;c"');
    expect(html).not.toContain('data-sign-out');
  });
});
