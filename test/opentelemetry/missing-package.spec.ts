import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makePlace } from '../cli/command-line.js';

describe('TrackstatsOpenTelemetryModule without @opentelemetry/api', () => {
  it('can be imported, and says what to install when it is used', async () => {
    const place = makePlace('module', ['@opentelemetry']);
    try {
      const script = `
        import { TrackstatsOpenTelemetryModule } from 'nestjs-trackstats/opentelemetry';
        try { TrackstatsOpenTelemetryModule.forRoot(); } catch ({ code, message }) { console.log(code, message); }`;
      writeFileSync(join(place.directory, 'without.js'), script);
      expect(await place.node('without.js')).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^TRACKSTATS_MISSING_PACKAGE .* npm install '@opentelemetry\/api@\^1\.9\.0'/),
      });
    } finally {
      await place.remove();
    }
  });
});
