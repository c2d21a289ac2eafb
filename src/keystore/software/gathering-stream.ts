import type { CipherEnd, CipherStream } from './cipher-stream.ts'
import { gather } from './gather.ts'

const EMPTY = Buffer.alloc(0)

/** A cipher that works on all of the data at once. `more` is what is kept besides. */
export const gathering = (work: (data: Buffer) => CipherEnd, more?: Buffer): CipherStream => {
  const gathered = gather()
  return {
    get held() {
      return gathered.held + (more?.length ?? 0)
    },
    gathers: true,
    update: (data) => {
      gathered.add(data)
      return EMPTY
    },
    finish: () => work(gathered.take()),
    close: () => gathered.clear(),
  }
}
