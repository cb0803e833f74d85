import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { buildPage } from './page-files.js';

/** Bytes of all files of the page together, as they are sent. */
const MOST = 60_000;

describe("the page's bundle", () => {
  const { folder, remove } = buildPage();
  afterAll(remove);
  const files = readdirSync(folder).filter((name) => !name.endsWith('.LICENSE'));
  const textOf = (name: string): string => readFileSync(join(folder, name), 'utf8');

  it('is one script, one style sheet and an icon, of at most 60 kB compressed', () => {
    expect(files.sort()).toEqual(['app.js', 'icon.svg', 'style.css']);
    const sizes = files.map((name) => gzipSync(readFileSync(join(folder, name))).length);
    expect(sizes.reduce((a, b) => a + b, 0)).toBeLessThan(MOST);
  });

  it('makes no code of text, writes no HTML, and names no other host', () => {
    const script = textOf('app.js');
    expect(script).not.toMatch(/\beval\(|new Function\(|document\.write|insertAdjacentHTML|\.outerHTML/);
    const addresses = [...(script + textOf('style.css')).matchAll(/https?:\/\/[^\s"'`)]+/g)].map(
      ([address]) => address,
    );
    // names of XML, which nothing is asked for
    expect(addresses.filter((address) => !address.startsWith('http://www.w3.org/'))).toEqual([]);
  });

  it('has the licence of what is in it', () => {
    expect(textOf('preact.LICENSE')).toMatch(/MIT License/);
  });
});
