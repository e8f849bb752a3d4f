/**
 * The reference of the plugin API as a page, from the extractor's model.
 *
 * @typedef {{ readonly kind: string, getChildNodes(): readonly DocNode[], readonly text?: string, readonly decodedText?: string, readonly code?: string, readonly language?: string, readonly linkText?: string, readonly urlDestination?: string, readonly codeDestination?: { readonly memberReferences: readonly { readonly memberIdentifier?: { readonly identifier: string } }[] } }} DocNode
 * @typedef {{ readonly summarySection: DocNode, readonly remarksBlock?: { readonly content: DocNode }, readonly deprecatedBlock?: { readonly content: DocNode }, readonly params: { readonly blocks: readonly { readonly parameterName: string, readonly content: DocNode }[] }, readonly customBlocks: readonly { readonly blockTag: { readonly tagName: string }, readonly content: DocNode }[] }} DocComment
 * @typedef {{ readonly kind: string, readonly displayName: string, readonly members: readonly Item[], readonly fileUrlPath?: string, readonly excerpt: { readonly text: string }, readonly tsdocComment?: DocComment }} Item
 */

/** Chapters by the folder of core that a contract is declared in, in the order of the page. */
const chapters = [
  { title: 'Plugin and host', folders: ['plugins/contract', 'plugins/factory-context', 'host/'] },
  { title: 'Hooks', folders: ['plugins/hooks', 'plugins/up-context'] },
  { title: 'Backends', folders: ['hypervisor/', 'config/'] },
  { title: 'Provisioners', folders: ['provisioner/'] },
  { title: 'The guest session', folders: ['guest/'] },
  { title: 'Image sources', folders: ['images/'] },
  { title: 'VMFile nodes', folders: ['vmfile/node', 'vmfile/vm-node'] },
  { title: 'The VMFile, decoded', folders: ['vmfile/'] },
  { title: 'Events', folders: ['events/'] },
  { title: 'Errors', folders: ['errors/'] },
];

/** @param {readonly Item[]} items everything that is exported @returns {string} Markdown */
export function apiReference(items) {
  const names = new Set(items.map(({ displayName }) => displayName));
  /** @type {Map<string, Item[]>} */
  const byChapter = new Map(chapters.map(({ title }) => [title, []]));
  for (const item of items) {
    const path = item.fileUrlPath ?? '';
    const chapter = chapters.find(({ folders }) => folders.some((folder) => path.includes(`dist/${folder}`)));
    if (chapter === undefined) {
      throw new Error(`${item.displayName} of ${path} has no chapter in scripts/api-report/reference.mjs.`);
    }
    byChapter.get(chapter.title)?.push(item);
  }
  const body = [...byChapter].map(([title, members]) =>
    [`## ${title}`, ...members.map((member) => section(member, names))].join('\n\n'),
  );
  return `# The plugin API

<!-- Written by scripts/api-report.mjs from the types of @vmctl/core/plugin and their comments. -->

Everything that \`import type { … } from '@vmctl/core/plugin'\` gives, version 1. How it is used is told in
[the life cycle of a plugin](../plugins/lifecycle.md).

${[...byChapter.keys()].map((title) => `- [${title}](#${anchor(title)})`).join('\n')}

${body.join('\n\n')}
`;
}

/** @param {string} title */
const anchor = (title) =>
  title
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-');

/** @param {Item} item @param {ReadonlySet<string>} names */
function section(item, names) {
  const parts = [`### ${item.displayName}`, ...prose(item.tsdocComment, names)];
  if (item.kind !== 'Interface') return [...parts, code(item.excerpt.text)].join('\n\n');
  parts.push(
    code(`${item.excerpt.text.trim()} { … }`),
    item.members.map((each) => entry(each, names)).join('\n'),
  );
  return parts.join('\n\n');
}

/** A member as an entry of a list. @param {Item} member @param {ReadonlySet<string>} names */
function entry({ excerpt, tsdocComment }, names) {
  const text = excerpt.text.trim();
  const signature = text.includes('\n') ? code(text) : `\`${text}\``;
  return `- ${[signature, ...prose(tsdocComment, names)].join('\n\n').replaceAll('\n', '\n  ')}`;
}

/** @param {string} text */
const code = (text) => `\`\`\`ts\n${text.trim()}\n\`\`\``;

/** @param {DocComment | undefined} comment @param {ReadonlySet<string>} names @returns {string[]} paragraphs */
function prose(comment, names) {
  if (comment === undefined) return [];
  const blocks = [markdown(comment.summarySection, names)];
  if (comment.deprecatedBlock !== undefined) {
    blocks.push(`**Deprecated:** ${markdown(comment.deprecatedBlock.content, names)}`);
  }
  if (comment.remarksBlock !== undefined) blocks.push(markdown(comment.remarksBlock.content, names));
  for (const { parameterName, content } of comment.params.blocks) {
    blocks.push(`\`${parameterName}\`: ${markdown(content, names).trim()}`);
  }
  for (const { blockTag, content } of comment.customBlocks) {
    const what = blockTag.tagName === '@throws' ? 'Throws' : blockTag.tagName.slice(1);
    blocks.push(`${what} ${markdown(content, names).trim()}`);
  }
  return blocks.map((block) => block.trim()).filter((block) => block !== '');
}

/** @param {DocNode} node @param {ReadonlySet<string>} names @returns {string} */
function markdown(node, names) {
  switch (node.kind) {
    case 'PlainText':
      return node.text ?? '';
    case 'EscapedText':
      return node.decodedText ?? '';
    case 'SoftBreak':
      return '\n';
    case 'CodeSpan':
      return `\`${node.code}\``;
    case 'FencedCode':
      return `\n\n\`\`\`${node.language}\n${node.code}\`\`\`\n\n`;
    case 'LinkTag':
      return link(node, names);
    case 'Paragraph':
      return `${inner(node, names)}\n\n`;
    default:
      return inner(node, names);
  }
}

/** @param {DocNode} node @param {ReadonlySet<string>} names */
const inner = (node, names) =>
  node
    .getChildNodes()
    .map((child) => markdown(child, names))
    .join('');

/** @param {DocNode} node @param {ReadonlySet<string>} names */
function link(node, names) {
  if (node.urlDestination !== undefined)
    return `[${node.linkText ?? node.urlDestination}](${node.urlDestination})`;
  const [first] = node.codeDestination?.memberReferences ?? [];
  const name = first?.memberIdentifier?.identifier ?? '';
  return names.has(name) ? `[${name}](#${anchor(name)})` : `\`${name}\``;
}
