import { element } from './element.js';

type Theme = 'system' | 'light' | 'dark';

const THEMES: readonly Theme[] = ['system', 'light', 'dark'];
const KEY = 'trackstats.theme';

const dark = matchMedia('(prefers-color-scheme: dark)');

/** Applies the theme that was chosen in this browser; by default the system's. */
export function applyTheme(): void {
  const theme = storedTheme();
  document.documentElement.dataset['theme'] = theme === 'system' ? (dark.matches ? 'dark' : 'light') : theme;
}

/** @param changed called after the page has its new colours, for what does not follow the style sheet by itself */
export function themeSwitch(changed: () => void): HTMLElement {
  const current = storedTheme();
  const select = element(
    'select',
    { 'aria-label': 'Theme', class: 'theme' },
    ...THEMES.map((theme) => element('option', { value: theme, selected: theme === current }, titled(theme))),
  );
  const apply = (): void => {
    applyTheme();
    changed();
  };
  select.addEventListener('change', () => {
    store(themeOf(select.value));
    apply();
  });
  dark.addEventListener('change', apply);
  return select;
}

function titled(theme: Theme): string {
  return theme === 'system' ? 'System' : theme === 'light' ? 'Light' : 'Dark';
}

function themeOf(text: string | null): Theme {
  return THEMES.find((theme) => theme === text) ?? 'system';
}

// storage throws where a browser's settings forbid it: the page works without
function storedTheme(): Theme {
  try {
    return themeOf(localStorage.getItem(KEY));
  } catch {
    return 'system';
  }
}

function store(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    return;
  }
}
