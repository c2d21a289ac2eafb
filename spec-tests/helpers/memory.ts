import { closeSync, openSync, readFileSync, readSync } from 'node:fs'

/** A part of the memory of a process that can be read. */
type Mapping = { readonly from: number; readonly to: number }

/** Pages of the kernel, which cannot be read as they claim. */
const OF_THE_KERNEL = /\[v(var|syscall|dso)/

const mappingsOf = (pid: number): readonly Mapping[] =>
  readFileSync(`/proc/${pid}/maps`, 'utf8')
    .split('\n')
    .filter((line) => /^\S+ r/.test(line) && !OF_THE_KERNEL.test(line))
    .map((line) => {
      const [range = ''] = line.split(' ')
      const [from = '', to = ''] = range.split('-')
      return { from: Number.parseInt(from, 16), to: Number.parseInt(to, 16) }
    })

const PIECE = 16 * 1024 * 1024

/** All that a core dump of a process would hold, in pieces that overlap. Its owner and root may read it. */
export function* memoryOf(pid: number, overlap = 64): Generator<Buffer> {
  const memory = openSync(`/proc/${pid}/mem`, 'r')
  const buffer = Buffer.alloc(PIECE)
  try {
    for (const { from, to } of mappingsOf(pid))
      for (let at = from; at < to; at += PIECE - overlap) {
        const wanted = Math.min(PIECE, to - at)
        const read = readOr(memory, buffer, wanted, at)
        yield buffer.subarray(0, read)
        if (wanted < PIECE) break
      }
  } finally {
    closeSync(memory)
  }
}

/** A page that has gone, or that never was there, is no memory. */
const readOr = (memory: number, buffer: Buffer, length: number, position: number): number => {
  try {
    return readSync(memory, buffer, 0, length, position)
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'EIO' || error.code === 'EFAULT')) return 0
    throw error
  }
}
