import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A folder of its own: the driver is no part of the project. */
const FOLDER = join(import.meta.dirname, '../../../node_modules/.cache/kmipd/mongodb')

/** The newest whose bindings are built from source with what Debian 12 has. */
const PACKAGES = {
  mongodb: '6.3.0',
  'mongodb-client-encryption': '6.0.0',
  'node-addon-api': '8.5.0',
  'node-api-headers': '1.6.0',
} as const

const HEADER = '/usr/include/mongocrypt/mongocrypt.h'
const PKG_CONFIG = '/usr/lib/x86_64-linux-gnu/pkgconfig/libmongocrypt.pc'

/** Why the driver cannot be had here; undefined where it can. */
export const missingForMongodb = (): string | undefined =>
  existsSync(HEADER) && existsSync('/usr/bin/g++')
    ? undefined
    : 'libmongocrypt-dev, libbson-dev and g++ are not installed (apt-get install)'

/** Compiles the bindings with the headers that npm has, so that neither node-gyp nor a download is needed. */
const compile = async (): Promise<void> => {
  const modules = join(FOLDER, 'node_modules')
  const package_ = join(modules, 'mongodb-client-encryption')
  const out = join(package_, 'build/Release')
  await mkdir(out, { recursive: true })
  await run('g++', [
    ...['-shared', '-fPIC', '-O1', '-std=c++17', '-w'],
    ...['-DNODE_GYP_MODULE_NAME=mongocrypt', '-DBUILDING_NODE_EXTENSION'],
    ...['node-api-headers/include', 'node-addon-api'].map((folder) => `-I${join(modules, folder)}`),
    ...['-I/usr/include/mongocrypt', '-I/usr/include/libbson-1.0'],
    ...[join(package_, 'addon/mongocrypt.cc'), '-lmongocrypt', '-o', join(out, 'mongocrypt.node')],
  ])
}

/** Installs driver and bindings, once; the folder in which they are. @throws Error where that does not work */
export const installMongodb = async (): Promise<string> => {
  if (existsSync(join(FOLDER, 'node_modules/mongodb-client-encryption/build/Release/mongocrypt.node'))) return FOLDER
  await mkdir(FOLDER, { recursive: true })
  await writeFile(join(FOLDER, 'package.json'), JSON.stringify({ private: true, dependencies: PACKAGES }))
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: FOLDER })
  await compile()
  return FOLDER
}

/** Delegated keys came with libmongocrypt 1.10. */
export const knowsDelegatedKeys = async (): Promise<boolean> => {
  if (!existsSync(PKG_CONFIG)) return false
  const [, major = 0, minor = 0] = (/^Version: (\d+)\.(\d+)/m.exec(await readFile(PKG_CONFIG, 'utf8')) ?? []).map(
    Number,
  )
  return major > 1 || (major === 1 && minor >= 10)
}
