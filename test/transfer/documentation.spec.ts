import { readFileSync } from 'node:fs';
import * as transfer from 'nestjs-trackstats/transfer';
import { describeOnEachDatabase } from '../support/databases.js';
import { setup } from '../statistics/setup.js';
import { exported, transferOf } from './setup.js';

const text = readFileSync('docs/exporting.md', 'utf8');

function block(language: 'csv' | 'jsonl'): string {
  return new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'ms').exec(text)?.[1] ?? '';
}

describe('docs/exporting.md', () => {
  it('names every error of the subpath', () => {
    const errors = Object.keys(transfer).filter((name) => name.endsWith('Error'));
    expect(errors.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });
});

describeOnEachDatabase('the files of docs/exporting.md', (database) => {
  it('are imported, and are what is exported then', async () => {
    const here = transferOf(await setup(database));
    await here.import([block('csv')], { format: 'csv' });
    expect(await exported(here, { objects: 'all' }, 'csv')).toBe(block('csv'));
    await setup(database);
    await here.import([block('jsonl')], { format: 'jsonl' });
    expect(await exported(here, {}, 'jsonl')).toBe(block('jsonl'));
  });
});
