import { endRun } from './servers.js';

export default endRun;
