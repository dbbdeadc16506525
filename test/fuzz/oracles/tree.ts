import type { TreeNode } from '../../../src/commands/parse/raw-tree.ts';
import { Divergence } from '../target.ts';

const broken = (rule: string, node: TreeNode) =>
  new Divergence(
    `raw tree: ${rule}`,
    `${node.section ?? 'root'} ${node.type} ${node.start} ${node.bodyStart} ${node.end}`,
  );

/** What stands before a part: a preamble, the epilogue of the part before it, or only the newline of the delimiter line. */
function checkGap(bytes: Buffer, from: number, to: number, node: TreeNode, before: 'text' | 'leaf'): void {
  // A multipart without delimiters has one part, which is all of it.
  if (from === to && before === 'text') return;
  const gap = bytes.toString('latin1', from, to);
  const shape = before === 'text' ? /^(?:[\s\S]*\n)?--[^\n]*(?:\n|$)/ : /^\r*\n?--[^\n]*(?:\n|$)/;
  if (!shape.test(gap)) throw broken('bytes that belong to nothing', node);
}

/** Checks that a node and all in it lie within `from` and `to`, in order, with nothing but delimiters between parts. */
function checkNode(bytes: Buffer, node: TreeNode, from: number, to: number): void {
  const { start, bodyStart, end } = node;
  if (!(from <= start && start <= bodyStart && bodyStart <= end && end <= to))
    throw broken('offsets out of order', node);
  if (node.message !== undefined) {
    if (node.message.start !== bodyStart) throw broken('nested message begins elsewhere', node);
    checkNode(bytes, node.message, bodyStart, end);
  }
  let position = bodyStart;
  let before: 'text' | 'leaf' = 'text';
  for (const part of node.parts ?? []) {
    // The header of a multipart goes over into that of a part whose delimiter is missing.
    const shared = part.start === node.start && position === bodyStart;
    checkNode(bytes, part, shared ? node.start : position, end);
    if (shared) {
      position = part.end;
      continue;
    }
    checkGap(bytes, position, part.start, node, before);
    position = part.end;
    before = part.parts === undefined ? 'leaf' : 'text';
  }
  if (before === 'leaf' && position < end) checkGap(bytes, position, end, node, before);
}

/** @throws Divergence when the tree does not cover the message: each byte is of a header, a part, or around delimiters. */
export function checkTree(bytes: Buffer, root: TreeNode): void {
  if (root.start !== 0) throw broken('root begins elsewhere', root);
  if (root.parts === undefined && root.end !== bytes.length) throw broken('root ends elsewhere', root);
  checkNode(bytes, root, 0, bytes.length);
}
