import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import SpecEnvironment from './environment.js';

async function runIn(spec: (global: SpecEnvironment['global']) => unknown): Promise<void> {
  const projectConfig = { testEnvironmentOptions: {}, globals: {}, fakeTimers: {} };
  const given = [{ projectConfig, globalConfig: {} }, {}] as unknown as ConstructorParameters<typeof SpecEnvironment>;
  const environment = new SpecEnvironment(...given);
  await environment.setup();
  await spec(environment.global);
  await environment.teardown();
}

describe('the environment of specs', () => {
  it('fails a spec that leaves a timer, and says where the timer was started', async () => {
    let timer: NodeJS.Timeout | undefined;
    const ended = runIn((global) => (timer = global.setTimeout(() => undefined, 60_000)));
    await expect(ended).rejects.toThrow(/afterEach:\nTimer\n.*environment\.spec\.ts/);
    clearTimeout(timer);
  });

  it('accepts timers that have ended, were cleared, or keep no process alive', async () => {
    await runIn(async (global) => {
      await new Promise((resolve) => global.setTimeout(resolve, 1));
      clearInterval(global.setInterval(() => undefined, 1));
      global.setTimeout(() => undefined, 1_000).unref();
    });
  });

  it('fails a spec that leaves a process', async () => {
    let child: ChildProcess | undefined;
    const ended = runIn(() => (child = spawn('sleep', ['60'], { stdio: 'ignore' })));
    await expect(ended).rejects.toThrow(/afterEach:\nChildProcess sleep$/);
    child?.kill();
    await once(child!, 'exit');
  });
});
