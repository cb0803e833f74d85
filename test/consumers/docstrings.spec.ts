import { PublicNames } from './public-names.js';

describe('the docstrings', () => {
  const publicNames = new PublicNames();
  const found = publicNames.docstrings();
  const names = [...found].filter(([name]) => !name.includes('.'));

  it('are there for every public name', () => {
    expect(names.length).toBeGreaterThan(150);
    expect(names.filter(([, text]) => text === '').map(([name]) => name)).toEqual([]);
  });

  it('name the thing, and open with no relative clause', () => {
    expect([...found].filter(([, text]) => /^(what|whether|that|how|where|which)\b/i.test(text))).toEqual([]);
  });

  it('have examples that compile in the shop of the tour', () => {
    expect(publicNames.examples().length).toBeGreaterThan(100);
    expect(publicNames.compileExamples()).toEqual([]);
  });
});
