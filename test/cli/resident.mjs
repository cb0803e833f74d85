/**
 * Runs commands one after the other in one process, which starts and loads its modules once. For each it evaluates the
 * bin's main file again, and takes its output and its exit.
 */
import { pathToFileURL } from 'node:url';

const bin = process.argv[2];
const ownConsole = globalThis.console;
let commands = 0;

process.on('message', async (args) => process.send(await run(args)));

async function run(args) {
  const stdout = captured(process.stdout);
  const stderr = captured(process.stderr);
  globalThis.console = ownConsole; // a command replaces it
  process.argv = [process.execPath, bin, ...args];
  process.exitCode = undefined;
  await new Promise((resolve, reject) => {
    process.exit = resolve;
    import(`${pathToFileURL(bin).href}?command=${++commands}`).catch(reject);
  });
  process.stdout.removeAllListeners('error');
  return { code: process.exitCode ?? 0, stdout: stdout(), stderr: stderr() };
}

function captured(stream) {
  const chunks = [];
  stream.write = (chunk, ...rest) => {
    chunks.push(Buffer.from(chunk));
    const written = rest.at(-1);
    if (typeof written === 'function') process.nextTick(written);
    return true;
  };
  return () => Buffer.concat(chunks).toString();
}
