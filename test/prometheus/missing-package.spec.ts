import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makePlace } from '../cli/command-line.js';

describe('TrackstatsPrometheusModule without prom-client', () => {
  it('can be imported, and says what to install when it is used', async () => {
    const place = makePlace('module', ['prom-client']);
    try {
      const script = `
        import { TrackstatsPrometheusModule } from 'nestjs-trackstats/prometheus';
        try { TrackstatsPrometheusModule.forRoot(); } catch ({ code, message }) { console.log(code, message); }`;
      writeFileSync(join(place.directory, 'without.js'), script);
      expect(await place.node('without.js')).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^TRACKSTATS_MISSING_PACKAGE .* npm install 'prom-client@\^15\.0\.0'/),
      });
    } finally {
      await place.remove();
    }
  });
});
