import { AttemptLimit } from '../../sample-app/src/login/attempt.limit.js';
import { localPath } from '../../sample-app/src/login/local-path.js';
import { Password } from '../../sample-app/src/login/password.js';
import { violationsOn } from '../dashboard/axe.js';
import { describeInBrowser, show, textOf } from '../dashboard/browser.js';
import { compileSample, cookieOf, PASSWORD, type Running, signIn, startSample } from './compiled.js';
import { createRepository, temporaryDirectory } from './git-repository.js';

const directory = temporaryDirectory();
const PATIENCE = 180_000;
let sample: ReturnType<typeof compileSample>;
let app: Running;
let open: Running;

beforeAll(async () => {
  sample = compileSample();
  const repo = createRepository(`${directory.path}/repo`, [{ at: '2024-01-01T12:00:00Z' }]);
  const args = (name: string) => ['--repo', repo, '--database', `${directory.path}/${name}.sqlite`];
  [app, open] = await Promise.all([
    startSample(sample.main, args('private')),
    startSample(sample.main, [...args('open'), '--public']),
  ]);
}, PATIENCE);
afterAll(async () => {
  await Promise.all([app, open].map(({ stop }) => stop('SIGKILL')));
  sample.remove();
  directory.remove();
});

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(app.url + path, { redirect: 'manual', headers });
const run = ({ url }: Running, headers: Record<string, string>) =>
  fetch(`${url}/api/trackers/CommitsTracker/run`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-trackstats-request': '1', ...headers },
    body: '{}',
  });
/** From an address of its own, as a proxy on this machine tells it, so that no test takes another's attempts. */
const from = (address: string) => ({ 'x-forwarded-for': address });

describe('the login of the sample application', () => {
  it.each(['/', '/?metric=git/commits', '/activity.json', '/api/overview', '/api/export?format=csv'])(
    'shows nothing of %s to a stranger',
    async (path) => {
      expect((await get(path)).status).toBe(401);
      const page = await get(path, { accept: 'text/html,*/*;q=0.8' });
      expect(page.status).toBe(303);
      expect(page.headers.get('location')).toBe(`/login?to=${encodeURIComponent(path)}`);
      for (const cookie of ['session=', 'session=x', 'session=constructor', 'session']) {
        expect((await get(path, { cookie })).status).toBe(401);
      }
    },
  );

  it('is a form that needs no script and leads back to what was asked for', async () => {
    const to = `/?metric="><script>`;
    const page = await get(`/login?to=${encodeURIComponent(to)}`);
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain(`default-src 'none'`);
    expect(policy).not.toContain('unsafe');
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(page.headers.get('referrer-policy')).toBe('same-origin');
    const text = await page.text();
    expect(text).not.toMatch(/<script|style=|\son\w+=/i);
    expect((await get('/login/style.css')).headers.get('content-type')).toContain('text/css');

    const answer = await signIn(app.url, PASSWORD, '/?metric=git/commits');
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/?metric=git/commits']);
  });

  it('gives a cookie that no script and no other site can use, a new one each time', async () => {
    const [first, second] = await Promise.all([signIn(app.url, PASSWORD), signIn(app.url, PASSWORD)]);
    expect(first.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^session=[\w-]{43}; Max-Age=43200; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Lax$/),
    ]);
    expect(cookieOf(first)).not.toBe(cookieOf(second));
    const secure = await signIn(app.url, PASSWORD, '/', {
      'x-forwarded-proto': 'https',
      origin: app.url.replace('http:', 'https:'),
    });
    expect(secure.headers.getSetCookie()[0]).toMatch(/^__Host-session=.*; Path=\/; .*HttpOnly; Secure; SameSite=Lax$/);
    const cookie = cookieOf(secure);
    expect((await get('/activity.json', { cookie, 'x-forwarded-proto': 'https' })).status).toBe(200);
    expect((await get('/activity.json', { cookie })).status).toBe(401);
  });

  it('ends a session on the server when the owner signs out, or in again', async () => {
    const first = cookieOf(await signIn(app.url, PASSWORD));
    expect((await get('/activity.json', { cookie: `other=1; ${first}` })).status).toBe(200);
    expect(await (await get('/login', { cookie: first })).text()).toContain('Sign out');
    const second = cookieOf(await signIn(app.url, PASSWORD, '/', { cookie: first }));
    expect((await get('/activity.json', { cookie: first })).status).toBe(401);

    const signOut = (origin: string) =>
      fetch(`${app.url}/logout`, { method: 'POST', redirect: 'manual', headers: { cookie: second, origin } });
    expect((await signOut('https://evil.example')).status).toBe(403);
    expect((await get('/activity.json', { cookie: second })).status).toBe(200);
    const answer = await signOut(app.url);
    expect(answer.headers.get('location')).toBe('/login');
    expect(cookieOf(answer)).toBe('session=');
    expect((await get('/activity.json', { cookie: second })).status).toBe(401);
  });

  it.each(['https://evil.example', 'null', '', 'http://127.0.0.1:1', 'http://127.0.0.1.evil.example'])(
    'takes no form of %j, not even with the password',
    async (origin) => {
      const answer = await signIn(app.url, PASSWORD, '/', { origin });
      expect(answer.status).toBe(403);
      expect(answer.headers.getSetCookie()).toEqual([]);
    },
  );

  it('refuses what is no password, and says so in words', async () => {
    const headers = from('192.0.2.1');
    const wrong = await signIn(app.url, `${PASSWORD} `, '/', headers);
    expect(wrong.status).toBe(401);
    expect(wrong.headers.getSetCookie()).toEqual([]);
    expect(await wrong.text()).toContain('That is not the password.');
    const bodies = ['', 'password[]=correct+horse', 'password=a&password=b', `password=${'x'.repeat(2000)}`];
    for (const [i, body] of bodies.entries()) {
      const sender = { origin: app.url, ...from(`192.0.2.10${String(i)}`) };
      const answer = await fetch(`${app.url}/login`, {
        method: 'POST',
        body: new URLSearchParams(body),
        headers: sender,
      });
      expect(answer.status).toBe(401);
    }
  });

  it('lets nobody guess on, with the right password neither, and others in', async () => {
    const guess = (password: string, address: string) => signIn(app.url, password, '/', from(address));
    const guesses = await Promise.all(Array.from({ length: 8 }, () => guess('wrong', '192.0.2.7')));
    expect(guesses.map(({ status }) => status).sort()).toEqual([401, 401, 401, 401, 401, 429, 429, 429]);
    expect((await guess(PASSWORD, '192.0.2.7')).status).toBe(429);
    expect((await guess(PASSWORD, '192.0.2.8')).status).toBe(303);
  });

  it('lets the owner alone run trackers, where everybody may read, too', async () => {
    expect((await fetch(`${open.url}/activity.json`)).status).toBe(200);
    expect(await (await fetch(`${open.url}/api/trackers/actions`)).json()).toEqual({ actions: [] });
    expect((await run(open, {})).status).toBe(401);
    for (const one of [app, open]) {
      const cookie = cookieOf(await signIn(one.url, PASSWORD));
      expect((await run(one, { cookie })).status).toBe(200);
      expect((await run(one, { cookie, origin: 'https://evil.example' })).status).toBe(403);
    }
  });
});

describeInBrowser('the login of the sample application', (browser) => {
  it('leads to the chart that a link names, with its names, and out again', async () => {
    const { page, faults } = await browser.open(`${app.url}/?metric=git/commits&by=author&range=all`);
    expect(new URL(page.url()).pathname).toBe('/login');
    for (const theme of ['light', 'dark'] as const) {
      await show(page, { theme, width: 390 });
      expect([theme, await violationsOn(page)]).toEqual([theme, []]);
    }
    const follow = (selector: string) =>
      Promise.all([page.waitForNavigation(), page.focus(selector).then(() => page.keyboard.press('Enter'))]);

    await page.type('#password', PASSWORD);
    await follow('#password');
    await browser.ready(page);
    expect(new URL(page.url()).search).toBe('?metric=git/commits&by=author&range=all');
    expect(await textOf(page, 'main')).toContain('Ann');

    await page.goto(`${app.url}/login`);
    await follow('button');
    await page.goto(app.url);
    expect(new URL(page.url()).pathname).toBe('/login');
    expect(faults).toEqual([]);
  });
});

describe('AttemptLimit', () => {
  it('counts by address and in all, forgives, and forgets in time', () => {
    let now = 0;
    const limit = new AttemptLimit({ byAddress: 2, byAll: 4 }, 1000, () => now);
    const take = (addresses: string) => addresses.split('').map((address) => limit.take(address));
    expect(take('aaa')).toEqual([true, true, false]);
    expect(take('bcd')).toEqual([true, true, false]);
    limit.forgive('a');
    now = 500;
    expect(take('aa')).toEqual([true, true]);
    now = 1000;
    expect(take('abb')).toEqual([false, true, true]);
    now = 1500;
    expect(take('a')).toEqual([true]);
  });
});

describe('localPath', () => {
  it.each([
    ['/', '/'],
    ['/?metric=git/commits&by=author', '/?metric=git/commits&by=author'],
    ['/%0d%0aX: y', '/%0d%0aX:%20y'],
    ['https://evil.example/', '/'],
    ['//evil.example/', '/'],
    ['/\\evil.example/', '/'],
    ['/\t/evil.example/', '/'],
    ['/.//evil.example/', '/'],
    ['/a/..//evil.example', '/'],
    ['javascript:alert(1)', '/'],
    ['@evil.example', '/'],
    [['/a', '/b'], '/'],
    [undefined, '/'],
  ])('of %j is %j', (to, path) => {
    expect(localPath(to)).toBe(path);
  });
});

describe('Password', () => {
  it('matches itself alone, however it is typed', async () => {
    const password = await Password.of('caf\u00e9 au lait');
    expect(await password.matches('cafe\u0301 au lait')).toBe(true);
    expect(await password.matches('cafe au lait')).toBe(false);
    expect(await password.matches('')).toBe(false);
    expect(JSON.stringify(password)).not.toContain('caf');
  });
});
