import { Writer } from '../ttlv/writer.ts'

/** Output buffers that are used again: as many as there are requests in work at once. */
export type WriterPool = {
  acquire(): Writer
  /** Clears the buffer and takes it back; from then on its bytes belong to the next request. */
  release(writer: Writer): void
}

const MOST_IDLE_WRITERS = 64

export const createWriterPool = (): WriterPool => {
  const idle: Writer[] = []
  return {
    acquire: () => idle.pop() ?? new Writer(),
    release: (writer) => {
      writer.reset()
      if (idle.length < MOST_IDLE_WRITERS) idle.push(writer)
    },
  }
}
