import { describe, expect, it } from '@jest/globals';
import { parse, problemsIn } from '../../support/vmfile.js';

/** A file with VMs of these names and settings. */
const file = (vms: Readonly<Record<string, string>>) =>
  Object.entries(vms)
    .map(([name, settings]) => `vm ${name} image=x { ${settings} }`)
    .join('\n');

describe('depends-on', () => {
  it('waits until the other VM is ready, or as far as it says', async () => {
    const { vms } = await parse(
      file({
        a: 'depends-on b; depends-on c until=started; depends-on d { until provisioned }',
        b: '',
        c: '',
        d: '',
      }),
    );
    expect(vms[0]?.dependsOn).toEqual([
      { vm: 'b', until: 'ready' },
      { vm: 'c', until: 'started' },
      { vm: 'd', until: 'provisioned' },
    ]);
  });

  it('takes several names', async () => {
    const { vms } = await parse(file({ a: 'depends-on b c until=started', b: '', c: '' }));
    expect(vms[0]?.dependsOn).toEqual([
      { vm: 'b', until: 'started' },
      { vm: 'c', until: 'started' },
    ]);
  });

  it('may be a property', async () => {
    const { vms } = await parse('vm a image=x depends-on=b\nvm b image=x');
    expect(vms[0]?.dependsOn).toEqual([{ vm: 'b', until: 'ready' }]);
  });

  it.each([
    ['depends-on', ['1:16 depends-on lacks its VM (Write depends-on "…")']],
    ['depends-on 5', ['1:27 the VM must be text, not 5 (Put it in quotes: "5")']],
    ['depends-on bb', ['1:27 there is no VM "bb" in the file (Did you mean "b"?)']],
    [
      'depends-on quite-different',
      ['1:27 there is no VM "quite-different" in the file (The file has: a, b.)'],
    ],
    ['depends-on a', ['1:27 "a" cannot depend on itself']],
    ['depends-on b; depends-on b', ['1:41 "b" is in "depends-on" twice (Keep one of them.)']],
    ['depends-on b b', ['1:29 "b" is in "depends-on" twice (Keep one of them.)']],
    [
      'depends-on b until=redy',
      ['1:35 "until" must be "started", "ready" or "provisioned", not "redy" (Did you mean "ready"?)'],
    ],
    ['depends-on b util=ready', ['1:29 unknown setting "util" in depends-on "b" (Did you mean "until"?)']],
  ])('refuses "%s"', async (written, problems) => {
    expect(await problemsIn(file({ a: written, b: '' }))).toEqual(problems);
  });

  it('cannot go round in a circle', async () => {
    const circle = file({ a: 'depends-on b', b: 'depends-on c', c: 'depends-on a' });
    expect(await problemsIn(circle)).toEqual([
      '3:27 these VMs wait for each other: a → b → c → a (Leave out one "depends-on" of the circle.)',
    ]);
  });

  it('reports each of several circles', async () => {
    const circles = file({
      a: 'depends-on b',
      b: 'depends-on a c',
      c: 'depends-on d',
      d: 'depends-on c',
    });
    expect(await problemsIn(circles)).toEqual([
      '2:27 these VMs wait for each other: a → b → a (Leave out one "depends-on" of the circle.)',
      '4:27 these VMs wait for each other: c → d → c (Leave out one "depends-on" of the circle.)',
    ]);
  });

  it('may lead to one VM on several ways', async () => {
    const { vms } = await parse(file({ a: 'depends-on b c', b: 'depends-on d', c: 'depends-on d', d: '' }));
    expect(vms).toHaveLength(4);
  });

  it('may be a very long chain', async () => {
    const count = 2000;
    const vms = Array.from({ length: count }, (_, index) => [
      `n${index}`,
      index + 1 < count ? `depends-on n${index + 1}` : '',
    ]);
    expect((await parse(file(Object.fromEntries(vms)))).vms).toHaveLength(count);
  });
});
