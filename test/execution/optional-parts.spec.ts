import { MissingPackageError } from '../../lib/errors/optional-part.error.js';
import { importPackage, isMissing, requirePackage } from '../../lib/execution/optional-parts.js';

const SWAGGER = '@nestjs/swagger';

/** Messages of Node 20 and of Yarn 4.18, and who is missing. */
const MESSAGES: readonly (readonly [string, string, string, boolean])[] = [
  ['import', 'ERR_MODULE_NOT_FOUND', `Cannot find package '@nestjs/swagger' imported from /shop/index.js`, true],
  ['require', 'MODULE_NOT_FOUND', `Cannot find module '@nestjs/swagger'\nRequire stack:\n- /shop/index.js`, true],
  ['an import of a subpath', 'ERR_MODULE_NOT_FOUND', `Cannot find package '@nestjs/swagger/x' imported from /a`, true],
  [
    'import under Yarn PnP',
    'MODULE_NOT_FOUND',
    `nestjs-trackstats tried to access @nestjs/swagger (a peer dependency) but it isn't provided by your application; this makes the require call ambiguous and unsound.\n\nRequired package: @nestjs/swagger (via "@nestjs/swagger/package.json")\nRequired by: nestjs-trackstats@virtual:0460f8#npm:1.0.0 (via /shop/.yarn/__virtual__/x/index.js)\nAncestor breaking the chain: shop@workspace:.\n\n`,
    true,
  ],
  [
    'require of what is not declared, under Yarn PnP',
    'MODULE_NOT_FOUND',
    `nestjs-trackstats tried to access @nestjs/swagger, but it isn't declared in its dependencies; this makes the require call ambiguous and unsound.\n\nRequired package: @nestjs/swagger\nRequired by: nestjs-trackstats@virtual:0460f8#npm:1.0.0\n`,
    true,
  ],
  [
    'a package that lacks one itself',
    'ERR_MODULE_NOT_FOUND',
    `Cannot find package 'js-yaml' imported from /shop/node_modules/@nestjs/swagger/dist/index.js`,
    false,
  ],
  [
    'a package that lacks one itself, under Yarn PnP',
    'MODULE_NOT_FOUND',
    `@nestjs/swagger tried to access js-yaml, but it isn't declared in its dependencies; this makes the require call ambiguous and unsound.\n\nRequired package: js-yaml\nRequired by: @nestjs/swagger@npm:12.0.2 (via /shop/.yarn/cache/@nestjs-swagger/node_modules/@nestjs/swagger/)\n`,
    false,
  ],
  ['another package', 'MODULE_NOT_FOUND', `Cannot find module '@nestjs/swagger-themes'`, false],
  ['a package that is broken', 'ERR_INTERNAL', `'@nestjs/swagger' is broken`, false],
];

describe('isMissing', () => {
  it.each(MESSAGES)('tells %s (%s)', (_, code, message, expected) => {
    expect(isMissing(Object.assign(new Error(message), { code }), SWAGGER)).toBe(expected);
  });

  it('takes nothing else for a missing package', () => {
    for (const error of [undefined, null, 'MODULE_NOT_FOUND', { code: 'MODULE_NOT_FOUND' }])
      expect(isMissing(error, SWAGGER)).toBe(false);
  });
});

describe('optional packages', () => {
  const missing = { part: 'CSV', name: 'csv-of-another-name', install: `'csv-of-another-name@^1.0.0'` };
  const message = `CSV needs the package csv-of-another-name, which is not installed: npm install 'csv-of-another-name@^1.0.0'.`;

  it('that are missing stay so in a bundle of webpack, which answers the second time with an empty module', async () => {
    const optional = { ...missing, name: 'not-in-the-bundle' };
    const answers = [
      () =>
        Promise.reject(Object.assign(new Error(`Cannot find module '${optional.name}'`), { code: 'MODULE_NOT_FOUND' })),
      () => Promise.resolve({ default: {} }),
    ];
    const together = await Promise.allSettled(answers.map((load) => importPackage(optional, load)));
    const later = await Promise.allSettled([importPackage(optional, () => Promise.resolve({ default: {} }))]);
    const refused = { status: 'rejected', reason: expect.any(MissingPackageError) };
    expect([...together, ...later]).toEqual([refused, refused, refused]);
  });

  it('that are missing are named, with the command that installs them', async () => {
    const refused = expect(importPackage(missing, () => import(missing.name))).rejects;
    await refused.toBeInstanceOf(MissingPackageError);
    await refused.toThrow(message);
    expect(() => requirePackage(missing)).toThrow(message);
  });

  it('that are broken are errors to see', async () => {
    const broken = importPackage({ ...missing, name: 'csv-parse' }, () => Promise.reject(new Error('broken')));
    await expect(broken).rejects.toThrow('broken');
  });

  it('are loaded', () => {
    expect(requirePackage({ ...missing, name: 'csv-parse' })).toHaveProperty('parse');
  });
});
