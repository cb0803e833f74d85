/**
 * Arguments of Node for a process that a spec starts and soon ends. V8 would optimize code that runs only at the start:
 * without it an application takes 1.3 s of processor time to start instead of 1.8.
 */
export const SHORT_LIVED = ['--no-opt'];
