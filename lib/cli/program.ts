import type * as commander from 'commander';
import type { Command } from 'commander';
import { requirePackage } from '../execution/optional-parts.js';
import type { ApplicationSource } from './application.js';
import type { CommandTask } from './command.context.js';
import type { AnnotateArguments, AnnotationsArguments } from './commands/annotation.commands.js';
import type { BackfillArguments } from './commands/backfill.command.js';
import type * as commands from './commands/index.js';
import type { PruneArguments } from './commands/prune.command.js';
import type { ExportArguments, ImportDjangoArguments } from './commands/transfer.commands.js';
import type { RangeArguments } from './commands/verify.command.js';
import { parseWholeNumber, several } from './option-parsers.js';
import { printableLines } from './printable.js';

export type Commander = typeof commander;

/**
 * Loads the application's commander.
 *
 * @throws MissingPackageError
 */
export function requireCommander(): Commander {
  return requirePackage({
    part: 'The command line of nestjs-trackstats',
    name: 'commander',
    install: `'commander@^14.0.0'`,
  }) as Commander;
}

const FROM = ['--from <date>', 'first date, YYYY-MM-DD'] as const;
const TO = ['--to <date>', 'last date, included'] as const;

/** The commands' own code. It is loaded with Nest and TypeORM by the first command, and not for help or a version. */
type Commands = typeof commands;

/**
 * Returns the program with all commands.
 *
 * @param open returns the application that the commands work on
 */
export function commandsOn(
  { Command: CommandClass }: Commander,
  open: (commands: Commands) => ApplicationSource,
): Command {
  const program = new CommandClass('trackstats')
    .description("Statistics kept in the application's own database: trackers, their runs, and what they stored")
    .option('--json', 'write results as JSON')
    .option('--verbose', "show the application's whole log, and stacks of errors");
  program.configureOutput({ writeErr: (text) => process.stderr.write(printableLines(text)) });
  const does =
    <A extends unknown[]>(task: (commands: Commands, ...given: A) => CommandTask) =>
    async (...given: [...A, ...unknown[]]): Promise<void> => {
      const loaded = await import('./commands/index.js');
      await loaded.runCommand(open(loaded), given.at(-1) as Command, task(loaded, ...(given.slice(0, -1) as A)));
    };

  program
    .command('list')
    .description('the trackers: schedule, coverage, age, last run')
    .action(does(({ list }) => list));
  program
    .command('run [trackers...]')
    .description('run trackers now')
    .option('--all', 'every tracker of the application')
    .action(does(({ run }, names: string[], options: { all?: boolean }) => run(names, options)));
  program
    .command('backfill <tracker>')
    .description('recompute a range of dates; Ctrl-C stops it and says how to go on')
    .requiredOption(...FROM)
    .option('--to <date>', 'last date, inclusive. Without it the range ends today, and later statistics are removed')
    .option('--step <days>', 'days that are computed and kept at a time (default: 366)', parseWholeNumber('--step'))
    .option('--resume', 'go on where a backfill of the same range was stopped')
    .action(does(({ backfill }, tracker: string, options: BackfillArguments) => backfill(tracker, options)));
  program
    .command('verify [trackers...]')
    .description('compare what is stored with a fresh computation; exit code 1 where they differ')
    .option(...FROM)
    .option(...TO)
    .action(does(({ verify }, names: string[], options: RangeArguments) => verify(names, options)));
  program
    .command('repair <tracker>')
    .description('write what verify finds')
    .option(...FROM)
    .option(...TO)
    .action(does(({ repair }, tracker: string, options: RangeArguments) => repair(tracker, options)));
  program
    .command('history <tracker>')
    .description('the runs of a tracker, the latest first')
    .option('--limit <runs>', 'how many (default: 20)', parseWholeNumber('--limit'))
    .action(does(({ history }, tracker: string, options: { limit?: number }) => history(tracker, options)));
  addTransfer(program, does);
  addAnnotations(program, does);
  program
    .command('prune')
    .description('remove old statistics')
    .requiredOption('--metric <key>', "'domain/metric'; may be given several times", several)
    .option('--period <name>', 'this period only, as DAY, HOUR or CALENDAR_MONTH')
    .option('--before <date>', 'what is older than this date')
    .option('--keep <days>', 'what is older than so many days', parseWholeNumber('--keep'))
    .option('--dry-run', 'say what would be removed, and remove nothing')
    .action(does(({ pruneStatistics }, options: PruneArguments) => pruneStatistics(options)));
  program
    .command('migrations')
    .description("the library's migrations, and which are applied")
    .action(does(({ migrations }) => migrations));
  return program;
}

type Does = <A extends unknown[]>(
  task: (commands: Commands, ...given: A) => CommandTask,
) => (...given: [...A, ...unknown[]]) => Promise<void>;

function addAnnotations(program: Command, does: Does): void {
  program
    .command('annotate <text>')
    .description('add a note at a date, which charts show: once for the same date, domain and text')
    .option('--date <date>', 'local date, YYYY-MM-DD (default: today)')
    .option('--at <instant>', 'when it happened, instead of a date: 2026-10-25T02:30:00+02:00')
    .option('--domain <ref>', 'on the charts of this domain only (default: of all domains)')
    .option('--key <key>', 'names the event, as version-2.4.0: it is annotated once, on whatever date')
    .action(does(({ annotate }, text: string, options: AnnotateArguments) => annotate(text, options)));
  program
    .command('annotations')
    .description('the notes at dates, or the removal of one')
    .option(...FROM)
    .option(...TO)
    .option('--last <days>', 'the last dates, up to today', parseWholeNumber('--last'))
    .option('--domain <ref>', 'on the charts of this domain')
    .option('--remove <id>', 'remove this one')
    .action(does(({ annotations }, options: AnnotationsArguments) => annotations(options)));
}

function addTransfer(program: Command, does: Does): void {
  program
    .command('export')
    .description('write statistics as CSV or JSON Lines, to stdout or a file')
    .option('--format <format>', 'csv or jsonl (default: by the name of the file)')
    .option('-o, --output <file>', 'write to a file')
    .option('--metric <key>', "'domain/metric'; may be given several times (default: all)", several)
    .option('--domain <ref>', 'all metrics of a domain')
    .option('--period <name>', 'as DAY, HOUR or CALENDAR_MONTH; may be given several times (default: all)', several)
    .option('--from <date>', 'first date, YYYY-MM-DD, or an instant: 2026-10-25T02:30:00+02:00')
    .option('--to <date>', 'last date or instant, included')
    .option('--last <days>', 'the last dates, up to today', parseWholeNumber('--last'))
    .option('--object-type <type>', 'by object, of one type')
    .option('--objects', 'by object, of every type')
    .option('--statistic <class>', 'of a custom statistic')
    .option('--annotations', 'the notes at dates instead, as JSON Lines')
    .action(does(({ exportTo }, options: ExportArguments) => exportTo(options)));
  program
    .command('import <file>')
    .description('store an exported file, or stdin (-), all of it or nothing')
    .option('--format <format>', 'csv or jsonl (default: by the name of the file)')
    .option('--force', 'also what a tracker of the application computes')
    .action(
      does(({ importFrom }, file: string, options: { format?: string; force?: boolean }) => importFrom(file, options)),
    );
  program
    .command('import-django <database>')
    .description('store the statistics of django-trackstats, and list what was left out')
    .option('--mapping <file>', 'JSON: the domains, metrics and contentTypes that are named otherwise here')
    .option('--skip-invalid', 'leave out what cannot be stored, instead of refusing all')
    .option('--force', 'also what a tracker of the application computes')
    .action(
      does(({ importDjangoFrom }, database: string, options: ImportDjangoArguments) =>
        importDjangoFrom(database, options),
      ),
    );
}
