/** Writes the URL of every module that the process loads to the file $RECORD_MODULES, one a line. For `node --import`. */
import { appendFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

const path = process.env.RECORD_MODULES;
if (path !== undefined) {
  registerHooks({
    load(url, context, next) {
      appendFileSync(path, `${url}\n`);
      return next(url, context);
    },
  });
}
