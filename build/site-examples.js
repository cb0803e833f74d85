/**
 * The examples of the site's pages: a public name whose docstring has none shows a snippet that uses it, of a guide or of
 * another docstring, or else one that calls what takes or returns it. test/consumers compiles all, and runs those of the guides.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Comment, CommentTag, Converter, makeRecursiveVisitor, ReflectionKind } from 'typedoc';

/** What people read in a minute; longer snippets are whole files. */
const MOST_LINES = 30;
const SNIPPET = /^```ts\n(.*?)^```$/gms;
const ERRORS = 'docs/errors.md';

/**
 * Adds the examples while typedoc converts, and to errors a link to the list of all.
 *
 * @param files the guides of a folder, in the order in which they are searched
 */
export async function addExamples({ converter }, folder, files) {
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => {
    const names = publicNames(project);
    const documented = names.flatMap((name) => [name, ...(name.children ?? [])]);
    const own = documented.flatMap((from) => examplesOf(from).map((code) => ({ code, from })));
    const ofGuides = texts.flatMap((text) => snippetsOf(text).map((code) => ({ code, from: guideOf(project, text) })));
    const examples = new Map(own.map((example) => [example.from, example]).reverse());
    const shown = new Set(names.filter((name) => [name, ...(name.children ?? [])].some((each) => examples.has(each))));
    const lacking = names.filter((name) => !shown.has(name));
    for (const name of lacking) {
      const example = [...ofGuides, ...own].find(({ code }) => uses(code, name));
      if (example !== undefined) examples.set(name, example);
    }
    addReferred(examples, new Set(names));
    const errors = guideOf(project, texts[files.indexOf(ERRORS)]);
    for (const name of lacking) {
      const example = examples.get(name);
      if (example !== undefined) addTo(name, '@example', [codeOf(example), ...linkTo('\n\nFrom ', example.from)]);
      if (name.name.endsWith('Error')) addTo(name, '@see', linkTo('', errors));
    }
  });
}

/** The page of a guide, which is named by its heading. That of the README is the first one. */
function guideOf(project, text) {
  const [, title] = /^# (.+)$/m.exec(text) ?? [];
  return project.documents?.find(({ name }) => name === title) ?? project;
}

function publicNames(project) {
  const modules = project.getChildrenByKind(ReflectionKind.Module);
  return modules.flatMap(({ children = [] }) => children.filter((child) => !child.isReference()));
}

/** The TypeScript of the examples in a docstring. That of a function is at its signature. */
function examplesOf({ comment, signatures = [] }) {
  const tags = [comment, ...signatures.map((signature) => signature.comment)].flatMap((each) => each?.blockTags ?? []);
  const examples = tags.filter(({ tag }) => tag === '@example').flatMap(({ content }) => content);
  return examples.flatMap(({ text }) => snippetsOf(`${text}\n`));
}

function snippetsOf(text) {
  return [...text.matchAll(SNIPPET)].map(([, code]) => code);
}

/** True if the code uses a name, and is no whole file. */
function uses(code, { name }) {
  return code.split('\n').length <= MOST_LINES && new RegExp(`(?<![\\w.'"/])${name}(?!\\w)`).test(code);
}

/** Gives a type the example of what takes or returns it, and one step on the types that it consists of. */
function addReferred(examples, names) {
  const queue = [...examples];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const [from, example] = next;
    for (const type of typesIn(from)) {
      if (examples.has(type) || !names.has(type)) continue;
      examples.set(type, example);
      queue.push([type, example]);
    }
  }
}

/** What the types of a name, its parameters and members refer to. */
function typesIn(name) {
  const types = new Set();
  const visitor = makeRecursiveVisitor({
    reference: ({ reflection }) => types.add(reflection),
    reflection: ({ declaration }) => collect(declaration),
  });
  const collect = ({ type, extendedTypes = [], parameters = [], children = [], signatures = [] }) => {
    for (const each of [...(type ? [type] : []), ...extendedTypes]) each.visit(visitor);
    for (const part of [...parameters, ...children, ...signatures]) collect(part);
  };
  collect(name);
  return types;
}

function codeOf({ code }) {
  return { kind: 'code', text: `\`\`\`ts\n${code}\`\`\`` };
}

function linkTo(words, place) {
  const text =
    place.parent?.isDeclaration() && place.parent.kind !== ReflectionKind.Module
      ? `${place.parent.name}.${place.name}`
      : place.name;
  return [
    { kind: 'text', text: words },
    { kind: 'inline-tag', tag: '@link', text, target: place },
  ];
}

/** The docstring of a function is that of its signature. */
function addTo(name, tag, content) {
  const documented = name.signatures?.[0] ?? name;
  documented.comment ??= new Comment();
  documented.comment.blockTags.push(new CommentTag(tag, content));
}
