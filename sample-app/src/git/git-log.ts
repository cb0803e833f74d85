/** One commit, as `git log` prints it. */
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
 * Arguments for a log in parts that end in NUL, the one character that no name and no path can contain. They override
 * every setting of the user's configuration that could change the output or run a program.
 */
export const GIT_LOG = [
  ...['-c', 'log.showRoot=true', 'log', '-z', '--numstat', '--find-renames', '--no-relative'],
  ...['--no-ext-diff', '--no-textconv', '--no-show-signature', '--no-color', '--encoding=UTF-8'],
  `--format=tformat:${FIELDS.join('%x00')}`,
];

/** `12<tab>3<tab>path`. A binary file has `-` twice. A renamed file has an empty path, and its two paths follow. */
const FILE = /^\n?(\d+|-)\t(\d+|-)\t(.*)$/s;

/** Parses the output of `git log` with GIT_LOG. */
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

/** Git accepts any number as a date. Years of five digits, which no database sorts right, become 9999. */
function instant(seconds: string | undefined): Date {
  return new Date(Math.min(Number(seconds) || 0, LAST_SECOND_OF_9999) * 1000);
}
