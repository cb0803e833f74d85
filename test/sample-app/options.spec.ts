import { parseOptions } from '../../sample-app/src/options.js';

describe('parseOptions', () => {
  it('takes the port from the arguments, else from the environment, else 3000', () => {
    expect(parseOptions([], {}).port).toBe(3000);
    expect(parseOptions([], { PORT: '4000' }).port).toBe(4000);
    expect(parseOptions(['--port', '0'], { PORT: '4000' }).port).toBe(0);
  });

  it('takes this directory and the zone of the system where nothing is said', () => {
    const timeZone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
    expect(parseOptions([], {})).toMatchObject({ repos: ['.'], database: null, host: '127.0.0.1', timeZone });
  });

  it('takes several repositories', () => {
    expect(parseOptions(['--repo', 'a', '--repo', 'b'], {}).repos).toEqual(['a', 'b']);
  });

  it('is open to nobody unless told so, and takes no password that is short or empty', () => {
    expect(parseOptions([], {})).toMatchObject({ isPublic: false, password: null });
    expect(parseOptions(['--public'], { SAMPLE_PASSWORD: 'long enough' })).toMatchObject({
      isPublic: true,
      password: 'long enough',
    });
    for (const SAMPLE_PASSWORD of ['', 'seven77']) {
      expect(() => parseOptions([], { SAMPLE_PASSWORD })).toThrow(/SAMPLE_PASSWORD is shorter than 8/);
    }
  });

  it.each([
    [['--port', 'http'], /The port is a number from 0 to 65535, not "http"/],
    [['--port', '65536'], /The port is a number/],
    [['--port='], /The port is a number/],
    [['--repos', 'x'], /Unknown option '--repos'/],
    [['--repo'], /argument missing/],
    [['x'], /Unexpected argument 'x'/],
  ])('refuses %j', (args, message) => {
    expect(() => parseOptions(args, {})).toThrow(message);
  });
});
