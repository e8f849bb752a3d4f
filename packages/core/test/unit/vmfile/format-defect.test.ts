import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { errorOf } from '../../support/vmfile.js';

const layOutKdl = jest.fn<(text: string) => string>();
jest.unstable_mockModule('../../../src/vmfile/kdl-layout.js', () => ({ layOutKdl }));
const { formatVmFile } = await import('../../../src/vmfile/format-vmfile.js');

const TEXT = 'a; b 1 c=2 // why';

beforeEach(() => {
  layOutKdl.mockReset();
});

describe('a defect of the formatter', () => {
  it.each([
    ['loses a node', 'a // why\n'],
    ['changes a value', 'a\nb 2 c=2 // why\n'],
    ['changes a property', 'a\nb 1 c=3 // why\n'],
    ['loses a comment', 'a\nb 1 c=2\n'],
    ['writes what is not KDL', 'a {'],
  ])('that %s is noticed', async (_, wrong) => {
    layOutKdl.mockReturnValue(wrong);
    const { code, message } = await errorOf(formatVmFile(TEXT, '/project/VMFile.kdl'));
    expect(code).toBe('VMCTL_FORMAT_FAILED');
    expect(message).toContain('/project/VMFile.kdl was not formatted');
  });

  it('is not seen in a text that says the same', async () => {
    layOutKdl.mockReturnValue('a\nb 1 c=2 // why\n');
    expect(await formatVmFile(TEXT, '/project/VMFile.kdl')).toBe('a\nb 1 c=2 // why\n');
  });
});
