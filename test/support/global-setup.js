import { startRun } from './servers.js';

export default startRun;
