/** One commit, as `git log` tells it. */
export interface GitCommit {
  sha: string;
  isMerge: boolean;
  authorName: string;
  authorEmail: string;
  authoredAt: Date;
  committedAt: Date;
  subject: string;
  files: number;
  insertions: number;
  deletions: number;
}

/** sha, parents, author's name and email, both instants in seconds, subject. */
const FIELDS = ['%H', '%P', '%an', '%ae', '%at', '%ct', '%s'];

/**
 * Asks for the log in parts that end in NUL, the one character that neither a name nor a path can hold. What a user's
 * configuration could change about the output, or could run, is said or switched off.
 */
export const GIT_LOG = [
  ...['-c', 'log.showRoot=true', 'log', '-z', '--numstat', '--find-renames', '--no-relative'],
  ...['--no-ext-diff', '--no-textconv', '--no-show-signature', '--no-color', '--encoding=UTF-8'],
  `--format=tformat:${FIELDS.join('%x00')}`,
];

/** `12<tab>3<tab>path`; `-` twice for a binary file; an empty path for a renamed file: the two paths follow. */
const FILE = /^\n?(\d+|-)\t(\d+|-)\t(.*)$/s;

/** Reads the parts of what `git log` with GIT_LOG prints. */
export async function* parseGitLog(parts: AsyncIterable<string>): AsyncGenerator<GitCommit> {
  let commit: GitCommit | undefined;
  let header: string[] = [];
  let pathsToSkip = 0;

  for await (const part of parts) {
    if (pathsToSkip > 0) {
      pathsToSkip--;
      continue;
    }
    const file = header.length === 0 ? FILE.exec(part) : null;
    if (file && commit) {
      const [, insertions = '', deletions = '', path] = file;
      commit.files++;
      commit.insertions += Number(insertions) || 0;
      commit.deletions += Number(deletions) || 0;
      pathsToSkip = path === '' ? 2 : 0;
      continue;
    }
    header.push(part);
    if (header.length === FIELDS.length) {
      if (commit) yield commit;
      commit = fromHeader(header);
      header = [];
    }
  }
  if (commit) yield commit;
}

function fromHeader([
  sha = '',
  parents = '',
  name = '',
  email = '',
  authored,
  committed,
  subject = '',
]: string[]): GitCommit {
  return {
    sha,
    isMerge: parents.includes(' '),
    authorName: name,
    authorEmail: email,
    authoredAt: instant(authored),
    committedAt: instant(committed),
    subject,
    files: 0,
    insertions: 0,
    deletions: 0,
  };
}

const LAST_SECOND_OF_9999 = 253_402_300_799;

/** Git takes any number for a date; years of five digits, which no database sorts right, end up in 9999. */
function instant(seconds: string | undefined): Date {
  return new Date(Math.min(Number(seconds) || 0, LAST_SECOND_OF_9999) * 1000);
}
