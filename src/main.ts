/** The oldest Node that has everything this program uses. */
const OLDEST_NODE = 24

const main = async (): Promise<number> => {
  if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
    process.stderr.write(`kmipd: needs Node ${OLDEST_NODE} or newer; this is Node ${process.versions.node}\n`)
    return 1
  }
  // Imported only now: an older Node would fail on what the modules use, and not say why.
  const { runCli } = await import('./cli/run.ts')
  const { standardIo, watchOutput } = await import('./cli/io.ts')
  watchOutput()
  return runCli(process.argv.slice(2), {
    io: standardIo,
    loadProgram: async () => (await import('./compose.ts')).program,
    environment: process.env,
    directory: process.cwd(),
  })
}

process.exitCode = await main()
