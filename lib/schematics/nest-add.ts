import { readFileSync } from 'node:fs';
import { findEntity, trackerOf, writeTracker, type CountedEntity } from './first-tracker.js';
import { readOptions, type NestAddOptions } from './nest-add.options.js';
import { Project, relativeSpecifier, type ProjectTree } from './project.js';
import { addToModule, findRootModule, importEnding, isProvided } from './root-module.js';
import { addImport, localName, styleOf } from './source-edit.js';
import { addToTypeOrm, filesWithRoot } from './typeorm-options.js';

/** The part of `SchematicContext` of @angular-devkit/schematics that is used. */
export interface NestAddContext {
  readonly logger: { info(message: string): void };
  addTask(task: { toConfiguration(): { name: string; options: object } }): unknown;
}

const LIBRARY = 'nestjs-trackstats';
const SCHEDULE = '@nestjs/schedule';

/**
 * Edits an application for `nest add nestjs-trackstats`: the imports of its root module, the entities and tables in the
 * options of TypeORM, and a first tracker for the entity that the user names. What is there stays as it is, so a second
 * call does nothing. The Nest CLI finds it by `schematics` in package.json.
 *
 * @throws SchematicError if something cannot be edited. Then no file is changed
 */
export function nestAdd(given: NestAddOptions): (tree: ProjectTree, context: NestAddContext) => void {
  return (tree, context) => {
    const options = readOptions(given);
    const project = new Project(tree, options.sourceRoot);
    const root = findRootModule(project, options.module);
    const entity = options.entity === undefined ? null : findEntity(project, options.entity, options.dateField);
    addModules(project, root, options);
    if (entity !== null) addTracker(project, root, entity);
    const isInstallNeeded = addDependency(project, root);
    if (project.changes === 0) return;
    project.write();
    if (isInstallNeeded && !options.skipInstall)
      context.addTask({ toConfiguration: () => ({ name: 'node-package', options: INSTALL }) });
    for (const line of nextSteps(project, options, entity)) context.logger.info(line);
  };
}

/** The options of the devkit's own task, which has no other way to be named without loading it. */
const INSTALL = { command: 'install', quiet: true, hideOutput: true };

/** Adds the module to the root module, and what it needs. */
function addModules(project: Project, root: string, { timeZone, dashboard, skipTypeorm }: NestAddOptions): void {
  const source = project.source(root);
  const { quote: q } = styleOf(source);
  const additions: { name: string; from: string; options: string }[] = [];
  if (filesWithRoot(project, 'TrackstatsModule', LIBRARY).length === 0) {
    if (skipTypeorm !== true) addToTypeOrm(project);
    if (filesWithRoot(project, 'ScheduleModule', SCHEDULE).length === 0)
      additions.push({ name: 'ScheduleModule', from: SCHEDULE, options: '' });
    const options = timeZone === undefined || timeZone === 'UTC' ? '' : `{ timeZone: ${q}${timeZone}${q} }`;
    additions.push({ name: 'TrackstatsModule', from: LIBRARY, options });
  }
  if (dashboard === true && filesWithRoot(project, 'TrackstatsDashboardModule', `${LIBRARY}/dashboard`).length === 0)
    additions.push({
      name: 'TrackstatsDashboardModule',
      from: `${LIBRARY}/dashboard`,
      options: `{ path: ${q}statistics${q}, public: true /* pass guards instead before others can reach it */ }`,
    });
  project.edit(root, (file) =>
    addToModule(
      file,
      'imports',
      additions.map(({ name, options }) => `${name}.forRoot(${options})`),
    ),
  );
  for (const { name, from } of additions) project.edit(root, (file) => addImport(file, name, from));
}

/** Writes the tracker of an entity, and makes it a provider of the root module. */
function addTracker(project: Project, root: string, entity: CountedEntity): void {
  const ending = importEnding(project, root);
  writeTracker(project, entity, ending);
  const tracker = trackerOf(entity);
  // the user may have moved it to another module
  if (project.filesWith(tracker.name).some((file) => isProvided(project.source(file), tracker.name))) return;
  project.edit(root, (file) => addToModule(file, 'providers', [tracker.name]));
  project.edit(root, (file) => addImport(file, tracker.name, relativeSpecifier(root, tracker.file, ending)));
}

/** Adds @nestjs/schedule to package.json if the root module imports it. Returns true if it was not there. */
function addDependency(project: Project, root: string): boolean {
  if (localName(project.source(root), 'ScheduleModule', SCHEDULE) === null) return false;
  const text = project.text('package.json');
  const manifest = JSON.parse(text) as { dependencies?: Record<string, string> };
  if (manifest.dependencies?.[SCHEDULE] !== undefined) return false;
  const dependencies = { ...manifest.dependencies, [SCHEDULE]: scheduleVersion(manifest.dependencies) };
  const sorted = Object.fromEntries(Object.entries(dependencies).sort(([a], [b]) => (a < b ? -1 : 1)));
  const indent = /^([ \t]+)"/m.exec(text)?.[1] ?? '  ';
  project.set('package.json', `${JSON.stringify({ ...manifest, dependencies: sorted }, null, indent)}\n`);
  return true;
}

/** Returns the version of @nestjs/schedule for the application's Nest: of those that this package works with. */
function scheduleVersion(dependencies: Readonly<Record<string, string>> = {}): string {
  const { peerDependencies } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    peerDependencies: Record<string, string>;
  };
  const versions = (peerDependencies[SCHEDULE] ?? '').split(' || ');
  const isNest11 = /^\D*11\b/.test(dependencies['@nestjs/core'] ?? '');
  return (isNest11 ? versions[0] : versions.at(-1)) ?? '*';
}

function nextSteps(project: Project, { dashboard }: NestAddOptions, entity: CountedEntity | null): string[] {
  const tracker = entity === null ? null : trackerOf(entity);
  return [
    tracker === null
      ? `No tracker was added. For one that counts an entity: nest add ${LIBRARY} --skip-install --entity=Order`
      : `${tracker.name} (${tracker.file}) counts every hour, and when the application has started.`,
    ...(project.filesWith('...trackstatsMigrations').length > 0
      ? ['If you run migrations by the TypeORM command line, add ...trackstatsMigrations to its data source, too.']
      : []),
    ...(dashboard === true
      ? ['The dashboard is at /statistics. Anyone can open it: pass guards before others can reach it.']
      : []),
  ];
}
