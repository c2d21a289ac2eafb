import { question, type Reply } from '../calls.ts'
import { createAnswers } from './answer.ts'
import { moduleErrorOf } from './cryptoki.ts'

/*
 * The process that holds a module: native code of a vendor, which may hang, crash, or overwrite what it likes. It gets
 * questions from the server over the channel of node:child_process, and answers them.
 */

const answers = createAnswers()

const refusal = (id: number, error: unknown): Reply => {
  const { fault, message, code } = moduleErrorOf(error)
  return { id, fault, message, code }
}

const replyTo = async (message: unknown): Promise<void> => {
  const asked = question.safeParse(message)
  if (!asked.success) return
  const { id } = asked.data
  let answer: unknown
  try {
    answer = await answers(asked.data)
    process.send?.({ id, answer })
  } catch (error) {
    process.send?.(refusal(id, error))
  }
  // The channel has its copy; what stays here would stay for as long as nobody needs the memory.
  if (Buffer.isBuffer(answer)) answer.fill(0)
}

process.on('message', (message: unknown) => void replyTo(message))

/** A thread that hangs in the module would keep an ordinary end waiting for ever. */
const end = (): void => {
  process.kill(process.pid, 'SIGKILL')
}
process.on('disconnect', end)

// Ctrl-C reaches all processes of a terminal; the server still needs its keys while it drains, and ends this one itself.
process.on('SIGINT', () => undefined)
process.on('SIGTERM', () => undefined)
