import { Readable } from 'node:stream';
import { TrackstatsError } from 'nestjs-trackstats';
import { DataSource } from 'typeorm';
import { closeApplications } from '../module/application.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { EXAMPLES, makeWorld, NOT_CHECKED, type World } from './calls.js';
import { publicCalls, type Call, type Parameter } from './signatures.js';
import { VALUES } from './values.js';
import { WRONG } from './wrong.js';

const calls = publicCalls();
const checked = calls.filter(({ name }) => !(name in NOT_CHECKED));

it('knows every public call of the library and of its subpaths', () => {
  const known = [...Object.keys(EXAMPLES), ...Object.keys(NOT_CHECKED)];
  const made = calls.filter(({ parameters }) => parameters.length > 0).map(({ name }) => name);
  expect(made.sort()).toEqual(known.sort());
});

/** A call with an argument or an option that is wrong. */
interface Mistake {
  readonly title: string;
  readonly given: readonly unknown[];
}

const isLiteral = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** Puts each wrong value in the place of each right one, in arguments, in their options and in the options of these. */
function* mistakesOf({ name, parameters }: Call): Generator<Mistake> {
  const { variants } = EXAMPLES[name]!;
  for (const [place, parameter] of parameters.entries()) {
    const given = variants.find((variant) => place < variant.length);
    if (given === undefined) throw new Error(`${name}: no example has the argument ${parameter.name}`);
    for (const [value, title] of wrongValues(`${name}.${parameter.name}`, parameter))
      yield { title, given: given.map((right, at) => (at === place ? value : right)) };
    const own = variants.filter((variant) => isLiteral(variant[place]));
    const inner = own.map((variant) => variant[place] as Record<string, unknown>);
    for (const { title, given: options } of optionMistakes(`${name}.${parameter.name}`, parameter, inner)) {
      const variant = own[inner.indexOf(options.base)]!;
      yield { title, given: variant.map((right, at) => (at === place ? options.value : right)) };
    }
  }
}

interface OptionMistake {
  readonly title: string;
  readonly given: { readonly base: Record<string, unknown>; readonly value: Record<string, unknown> };
}

function* optionMistakes(
  path: string,
  parameter: Parameter,
  examples: readonly Record<string, unknown>[],
): Generator<OptionMistake> {
  const [first] = examples;
  if (first === undefined || FREE.test(path)) return;
  yield { title: `${path} with an unknown option`, given: { base: first, value: { ...first, surprising: 1 } } };
  for (const name of parameter.properties) {
    const option = parameter.property(name);
    if (option === null || name.startsWith('__')) continue;
    const bases = examples.filter((example) => example[name] !== undefined);
    const [base] = bases;
    if (base === undefined) {
      if (SAME_FOR_ANY.test(`${path}.${name}`)) continue;
      throw new Error(`No example has ${path}.${name}`);
    }
    for (const [value, title] of wrongValues(`${path}.${name}`, option))
      yield { title, given: { base, value: { ...base, [name]: value } } };
    const inner = bases.filter((example) => isLiteral(example[name]));
    const innerOptions = inner.map((example) => example[name] as Record<string, unknown>);
    for (const { title, given } of optionMistakes(`${path}.${name}`, option, innerOptions)) {
      const outer = inner[innerOptions.indexOf(given.base)]!;
      yield { title, given: { base: outer, value: { ...outer, [name]: given.value } } };
    }
  }
}

/** Objects whose keys are the application's: definitions, references, dimensions, values by name. */
const FREE =
  /\.(object|objects|metric|domain|target|where|objectTypes|contentTypes|trackers|dimensions|database|register|aggregate|keep|dataSource|app|when|m\.of|m\.per|m\.from)$/;
/** Fields that entities and definitions have, and that mean nothing to the call; managers, which test/statistics/manager.spec.ts checks. */
const SAME_FOR_ANY = /\.(m\.key|d\.id|manager)$/;
/** What a type of any does not say, what only rows and the source can tell, the places that an example fills, and what a function returns. */
const UNKNOWABLE =
  /\.options\.(where: object|(dateField|objectField): text)$|\.(app|input|dataSource): empty$|\.(clock|label|m\.value): function$|Webhook.*\.(body|useFactory): function$/;

function* wrongValues(path: string, { name, refused, isOpen }: Parameter): Generator<[unknown, string]> {
  for (const kind of refused) if (!UNKNOWABLE.test(`${path}: ${kind}`)) yield [VALUES[kind], `${path}: ${kind}`];
  const wrong = WRONG[path] ?? WRONG[name];
  if (wrong === undefined && isOpen) throw new Error(`test/validation/wrong.ts has no wrong values of ${path}`);
  for (const value of wrong ?? []) yield [value, `${path}: ${describeValue(value)}`];
}

function describeValue(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}

async function outcomeOf(world: World, { name }: Call, given: readonly unknown[]): Promise<unknown> {
  try {
    const result = await EXAMPLES[name]!.call(world, ...(given as never[]));
    if (result instanceof Readable) await result.toArray();
    return 'no error';
  } catch (error) {
    return error;
  }
}

describeOnEachDatabase('a call with a wrong argument', (database) => {
  let world: World;
  beforeAll(async () => {
    world = await makeWorld(database);
  });
  afterAll(closeApplications);

  async function allRows(): Promise<Record<string, unknown>> {
    const dataSource = world.app.get(DataSource);
    const rows: Record<string, unknown> = {};
    for (const { target, name } of dataSource.entityMetadatas)
      rows[name] = await dataSource.getRepository(target).find();
    return rows;
  }

  it.each(checked.filter(({ parameters }) => parameters.length > 0))(
    '$name throws a typed error, and writes nothing',
    async (call) => {
      const before = await allRows();
      const wrong: string[] = [];
      for (const { title, given } of mistakesOf(call)) {
        const outcome = await outcomeOf(world, call, given);
        if (!(outcome instanceof TrackstatsError)) wrong.push(`${title}: ${String(outcome)}`);
      }
      expect(wrong).toEqual([]);
      expect(await allRows()).toEqual(before);
    },
  );

  it.each(checked.filter(({ parameters }) => parameters.length > 0))('$name takes the right ones', async (call) => {
    for (const given of EXAMPLES[call.name]!.variants) {
      const outcome = await outcomeOf(world, call, given);
      if (call.name === 'TransferService.importDjango')
        expect(outcome).toMatchObject({ code: 'TRACKSTATS_MISSING_DJANGO_TABLE' });
      else expect(outcome).toBe('no error');
    }
  });
});
