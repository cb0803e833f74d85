/**
 * `npm run site`: makes a site of the guides and docstrings in `site/`, which works from its folder without a server: a page
 * for each guide and public name, with search and a dark theme. Each page is there as Markdown too, listed in `llms.txt`.
 */
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addExamples } from './site-examples.js';
import { Application, Converter, JSX, ReflectionKind, TSConfigReader, TypeDocReader } from 'typedoc';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

export async function buildSite(directory) {
  const sections = sectionsOf(await readFile(join(ROOT, 'docs/README.md'), 'utf8'));
  await rm(directory, { recursive: true, force: true });
  const { project, app } = await readProject(directory, sections);
  await app.generateOutputs(project);
  if (app.logger.hasErrors() || app.logger.hasWarnings()) throw new Error('typedoc has warnings: see above.');
  await cp(join(ROOT, 'docs'), join(directory, 'guides'), {
    recursive: true,
    filter: (source) => relative(join(ROOT, 'docs'), source).split('/')[0] !== 'api',
  });
  await writeFile(join(directory, 'llms.txt'), await contents(sections, project));
}

async function readProject(directory, sections) {
  const app = await Application.bootstrapWithPlugins(
    {
      options: ROOT,
      outputs: [
        { name: 'html', path: directory },
        { name: 'markdown', path: join(directory, 'api') },
      ],
      readme: join(ROOT, 'README.md'),
      // the README begins with one
      headings: { readme: false },
      projectDocuments: sections.flatMap(({ guides }) => guides.map(({ file }) => join(ROOT, 'docs', file))),
      customCss: join(ROOT, 'build/site.css'),
      highlightLanguages: [
        'typescript',
        'javascript',
        'bash',
        'json',
        'sql',
        'http',
        'html',
        'csv',
        'jsonl',
        'yaml',
        'ini',
        'nginx',
        'diff',
      ],
      // guides in the order of their index
      sort: ['kind', 'instance-first', 'alphabetical-ignoring-documents'],
      groupOrder: [...sections.map(({ title }) => title), '*'],
      navigation: { includeGroups: true, includeCategories: false, includeFolders: false },
      searchInComments: true,
      searchInDocuments: true,
    },
    [new TypeDocReader(), new TSConfigReader()],
  );
  nameGuides(app, sections);
  const guides = sections.flatMap((section) => section.guides.map(({ file }) => join('docs', file)));
  await addExamples(app, ROOT, ['README.md', ...guides]);
  addLandmarks(app);
  const project = await app.convert();
  if (project === undefined) throw new Error('typedoc found errors: see above.');
  app.validate(project);
  nameEntryPoints(project);
  return { project, app };
}

/** Gives each guide its title instead of the name of its file, and the section that it has in the index. */
function nameGuides(app, sections) {
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_context, guide) => {
    const section = sections.find(({ guides }) => guides.some(({ file }) => file === `${guide.name}.md`));
    const heading = guide.content.find(({ text }) => text.startsWith('# '));
    const [, title] = /^# (.+)$/m.exec(heading?.text ?? '') ?? [];
    if (title !== undefined) guide.name = title;
    guide.frontmatter.group = section?.title ?? 'Reference';
  });
}

/** Gives each entry point the name by which it is imported, instead of that of its folder. */
function nameEntryPoints(project) {
  for (const entryPoint of project.getChildrenByKind(ReflectionKind.Module)) {
    entryPoint.name = entryPoint.name === 'index' ? 'nestjs-trackstats' : `nestjs-trackstats/${entryPoint.name}`;
  }
}

/** The landmarks that the default theme lacks, to which screen readers jump. */
function addLandmarks({ renderer }) {
  const raw = (html) => () => JSX.createElement(JSX.Raw, { html });
  renderer.hooks.on('content.begin', raw('<main>'));
  renderer.hooks.on('content.end', raw('</main>'));
  renderer.hooks.on('pageSidebar.begin', raw('<aside aria-label="On this page">'));
  renderer.hooks.on('pageSidebar.end', raw('</aside>'));
}

/** The sections of the guides' index: a title in bold, then a list of links, each with what the guide is about. */
function sectionsOf(index) {
  const sections = [];
  for (const line of index.split('\n')) {
    const [, title] = /^\*\*(.+)\*\*$/.exec(line) ?? [];
    if (title !== undefined) sections.push({ title, guides: [] });
    if (line.startsWith('- ')) sections.at(-1)?.guides.push(...guidesIn(line.slice(2)));
  }
  return sections;
}

function guidesIn(line) {
  const about = line.includes(': ') ? line.slice(line.indexOf(': ') + 2) : '';
  return [...line.matchAll(/\[([^\]]+)\]\(([\w-]+\.md)\)/g)].map(([, title, file]) => ({
    title: title.charAt(0).toUpperCase() + title.slice(1),
    file,
    about,
  }));
}

/** `llms.txt` as https://llmstxt.org has it: what the library is, then its pages as Markdown. */
async function contents(sections, project) {
  const { description } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  const pages = sections.map(
    ({ title, guides }) =>
      `## ${title}\n\n${guides.map((guide) => item(guide.title, `guides/${guide.file}`, guide.about)).join('\n')}`,
  );
  const modules = project.getChildrenByKind(ReflectionKind.Module).sort((a, b) => (a.name < b.name ? -1 : 1));
  const entryPoints = modules.map(({ name, children = [] }) => {
    const names = children.map((child) => child.name).join(', ');
    return item(name, `api/${name}/README.md`, names);
  });
  const names = `## Public names\n\n${entryPoints.join('\n')}`;
  return [`# nestjs-trackstats`, `> ${description}`, ...pages, names, ''].join('\n\n');
}

function item(title, address, about) {
  return `- [${title}](${address})${about === '' ? '' : `: ${about}`}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildSite(join(ROOT, 'site'));
