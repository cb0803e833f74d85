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
    ${problem === undefined ? '' : `<p role="alert">${escaped(problem)}</p>`}
    <form method="post" action="/login">
      <input name="username" autocomplete="username" value="owner" hidden>
      <label for="password">Password</label>
      <input id="password" name="password" type="password" autocomplete="current-password" required autofocus>
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

export const LOGIN_STYLE = `:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 20rem; margin: 15vh auto; padding: 1rem; }
form { display: grid; gap: 0.5rem; }
input, button { padding: 0.5rem; font: inherit; }
[role='alert'] { padding: 0.5rem; border: 1px solid; }
`;
