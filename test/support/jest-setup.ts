// jest replaces `console`, and oclif's output then never reaches the real stdout.
import nodeConsole from 'node:console';

globalThis.console = nodeConsole;

// Tests give files to users of their own, and look at modes: both are to be the same whoever runs them.
process.umask(0o022);
