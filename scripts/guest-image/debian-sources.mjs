/** Where the packages come from: the mirror and the proxies that this machine's apt is set up with. */
import { outputOf } from '../processes.mjs';

const release = 'bookworm';

/** What Debian itself says, for machines whose apt has no Debian 12 in it. */
const defaultSources = [
  `deb http://deb.debian.org/debian ${release} main`,
  `deb http://deb.debian.org/debian ${release}-updates main`,
  `deb http://deb.debian.org/debian-security ${release}-security main`,
];

/** Options of apt that decide how packages are reached. */
const networkOption = /^Acquire::(?:https?::|ftp::|Check-|Max-ValidTime|Retries|ForceIPv)/;

/** Lines for a `sources.list`. */
export async function debianSources() {
  const targets = await outputOf('apt-get', [
    'indextargets',
    '--format',
    '$(REPO_URI) $(RELEASE) $(COMPONENT)',
    'Created-By: Packages',
    'Origin: Debian',
  ]);
  const lines = targets
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, suite]) => suite === release || suite?.startsWith(`${release}-`))
    .filter(([, suite]) => !suite?.endsWith('-backports'))
    .map(([uri, suite, component]) => `deb ${uri} ${suite} ${component}`);
  return lines.some((line) => line.includes(` ${release} `)) ? [...new Set(lines)] : defaultSources;
}

/** Settings of this machine's apt that a bootstrap needs as well, as lines of an `apt.conf`. */
export async function aptNetworkOptions() {
  const dump = await outputOf('apt-config', ['dump', 'Acquire']);
  return dump.split('\n').filter((line) => networkOption.test(line) && !line.endsWith(' "";'));
}
