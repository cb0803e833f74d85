/** Allows no scripts and no inline styles, and the form may only be sent to this application. */
export const PAGE_HEADERS = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy':
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'Cache-Control': 'no-store',
  'Referrer-Policy': 'same-origin', // with no-referrer a browser's form would send `Origin: null`
};

/** @param to the page to open after signing in; problem: the reason why the last attempt failed */
export function signInPage({ to, problem }: { to: string; problem?: string }): string {
  return page(`
    ${problem === undefined ? '' : `<p role="alert" id="problem">${escaped(problem)}</p>`}
    <form method="post" action="/login">
      <input name="username" autocomplete="username" value="owner" hidden>
      <label for="password">Password</label>
      <input id="password" name="password" type="password" autocomplete="current-password" required autofocus${problem === undefined ? '' : ' aria-invalid="true" aria-describedby="problem"'}>
      <input name="to" type="hidden" value="${escaped(to)}">
      <button>Sign in</button>
    </form>`);
}

export function signedInPage(): string {
  return page(`
    <p>You are signed in. <a href="/">To the dashboard</a></p>
    <form method="post" action="/logout"><button>Sign out</button></form>`);
}

function page(content: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Sign in</title>
    <link rel="stylesheet" href="/login/style.css">
  </head>
  <body>
    <main>
    <h1>Git activity</h1>${content}
    </main>
  </body>
</html>
`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${String(character.charCodeAt(0))};`);
}

/** In the colours of the dashboard, light and dark. */
export const LOGIN_STYLE = `:root {
  color-scheme: light dark;
  font: 14px/20px system-ui, sans-serif;
  --ground: #f5f6f8; --card: #fff; --line: #d9dee5; --control: #858f9c; --text: #18212c; --quiet: #566270;
  --accent: #1f5fa8; --on-accent: #fff; --bad: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #10151b; --card: #181f27; --line: #303b47; --control: #74818f; --text: #e6ebf1; --quiet: #a3b0be;
    --accent: #7ab4f5; --on-accent: #0d1720; --bad: #ff9b92;
  }
}
* { box-sizing: border-box; margin: 0; }
body { background: var(--ground); color: var(--text); }
main {
  display: grid; gap: 16px; max-width: 360px; margin: 15vh auto 0; padding: 24px;
  background: var(--card); border: 1px solid var(--line); border-radius: 10px;
}
h1 { font-size: 20px; line-height: 28px; font-weight: 650; letter-spacing: -0.01em; }
form { display: grid; gap: 8px; }
label { color: var(--quiet); font-size: 12px; line-height: 16px; }
input, button { height: 40px; padding: 0 12px; border: 1px solid var(--control); border-radius: 6px; font: inherit; color: inherit; background: var(--card); }
button { margin-top: 8px; border-color: var(--accent); background: var(--accent); color: var(--on-accent); font-weight: 600; cursor: pointer; }
a { color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
[role='alert'] { color: var(--bad); }
@media (max-width: 400px) { main { margin: 16px; } }
`;
