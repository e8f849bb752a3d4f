/** Something that all code in the process shares, and that vmctl relies on. */
interface Shared {
  /** What it is called in messages. */
  readonly name: string;
  /** Puts it back, when it is not as it was; says whether it had to. */
  readonly restore: () => boolean;
}

/**
 * Remembers how the things are now that vmctl relies on and that any code can change. The function that comes back
 * puts them back and gives the names of those that were changed.
 */
export function changedGlobals(): () => readonly string[] {
  const shared: readonly Shared[] = [
    workingDirectory(),
    exitCode(),
    method(process, 'exit', 'process.exit'),
    method(process.stdout, 'write', 'process.stdout.write'),
    method(process.stderr, 'write', 'process.stderr.write'),
    method(JSON, 'parse', 'JSON.parse'),
    method(JSON, 'stringify', 'JSON.stringify'),
    // An enumerable property here turns up in every `for … in` of the process.
    additions(Object.prototype, 'Object.prototype'),
    additions(Array.prototype, 'Array.prototype'),
  ];
  return () => shared.flatMap(({ name, restore }) => (restore() ? [name] : []));
}

function workingDirectory(): Shared {
  const before = currentDirectory();
  return {
    name: 'the working directory',
    restore: () => {
      if (before === undefined || currentDirectory() === before) return false;
      try {
        process.chdir(before);
      } catch {
        // It was removed meanwhile; there is nothing to go back to.
      }
      return true;
    },
  };
}

/** Undefined when it was removed. */
function currentDirectory(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}

function exitCode(): Shared {
  const before = process.exitCode;
  return {
    name: 'process.exitCode',
    restore: () => {
      if (process.exitCode === before) return false;
      process.exitCode = before;
      return true;
    },
  };
}

function method<K extends string>(owner: Record<K, unknown>, key: K, name: string): Shared {
  const before = owner[key];
  return {
    name,
    restore: () => {
      if (owner[key] === before) return false;
      owner[key] = before;
      return true;
    },
  };
}

function additions(owner: object, name: string): Shared {
  const before = new Set(Object.keys(owner));
  return {
    name,
    restore: () => {
      const added = Object.keys(owner).filter((key) => !before.has(key));
      for (const key of added) Reflect.deleteProperty(owner, key);
      return added.length > 0;
    },
  };
}
