// jest replaces `console`, and oclif's output then never reaches the real stdout.
import nodeConsole from 'node:console';

globalThis.console = nodeConsole;
