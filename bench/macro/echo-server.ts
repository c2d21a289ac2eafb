import { readFileSync } from 'node:fs'
import { createServer } from 'node:tls'
import { createFrameSplitter } from '../../src/ttlv/frame.ts'

/*
 * The baseline: bare node:tls with mutual authentication that answers every request message with the same bytes. It
 * splits frames, since anything that speaks a protocol must, and does nothing else.
 */

export type EchoTask = {
  readonly ca: string
  readonly certificate: string
  readonly key: string
  readonly response: string
}

const REQUEST_MESSAGE = 0x420078

const serve = (task: EchoTask): void => {
  const response = Buffer.from(task.response, 'hex')
  const server = createServer(
    {
      ca: readFileSync(task.ca),
      cert: readFileSync(task.certificate),
      key: readFileSync(task.key),
      requestCert: true,
      rejectUnauthorized: true,
    },
    (socket) => {
      socket.setNoDelay(true)
      const splitter = createFrameSplitter({ tag: REQUEST_MESSAGE, maxSize: 1024 * 1024 })
      socket.on('error', () => undefined)
      socket.on('data', (chunk: Buffer) => {
        splitter.push(chunk).forEach(() => socket.write(response))
      })
    },
  )
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    if (address !== null && typeof address === 'object') console.log(JSON.stringify({ port: address.port }))
  })
}

// Its task is too long for a command line where answers are long.
if (import.meta.main) serve(JSON.parse(readFileSync(0, 'utf8')) as EchoTask)
