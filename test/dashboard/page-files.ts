import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildDashboardPage } from '../../build/dashboard-page.js';
import { DashboardFiles } from '../../lib/dashboard/dashboard.files.js';

/** The page as the build makes it, in a folder that the spec removes: tests do not need a dist/. */
export function buildPage(): { files: DashboardFiles; folder: string; remove: () => void } {
  mkdirSync('.tsc-out', { recursive: true });
  const folder = mkdtempSync(join('.tsc-out', 'page-'));
  buildDashboardPage(folder);
  return {
    files: new DashboardFiles(folder),
    folder,
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
