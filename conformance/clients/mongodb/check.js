/*
 * MongoDB's Node driver with client-side field level encryption, as a program uses it, but without a database: the key
 * vault is a file. `check.js SETUP write` makes data keys and encrypts a document with them, `check.js SETUP read` gets them
 * from the server again and decrypts it. SETUP names the folder with the driver, the server, and the files of the client.
 * A line of JSON for each result.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const [setupFile, mode] = process.argv.slice(2)
const setup = JSON.parse(readFileSync(setupFile, 'utf8'))
const { ClientEncryption, MongoClient, BSON } = createRequire(join(setup.folder, 'package.json'))('mongodb')
const { EJSON } = BSON

const vault = mode === 'read' ? EJSON.parse(readFileSync(setup.vault, 'utf8'), { relaxed: false }) : { keys: [] }

/** As much of a collection as the driver asks of a key vault. */
const collection = {
  insertOne: (document) => {
    vault.keys.push(document)
    return Promise.resolve({ insertedId: document._id })
  },
  find: () => ({
    toArray: () =>
      Promise.resolve(
        vault.keys.map((key) => BSON.deserialize(BSON.serialize(key), { promoteValues: false, promoteBuffers: false })),
      ),
  }),
  findOne: () => Promise.resolve(null),
}

class OfflineClient extends MongoClient {
  db() {
    return { collection: () => collection }
  }
}

const encryption = () =>
  new ClientEncryption(new OfflineClient('mongodb://localhost:1'), {
    keyVaultNamespace: 'encryption.__keyVault',
    kmsProviders: { kmip: { endpoint: `localhost:${setup.port}` } },
    tlsOptions: { kmip: { tlsCAFile: setup.ca, tlsCertificateKeyFile: setup.pem } },
  })

const check = async (name, work) => {
  try {
    await work()
    console.log(JSON.stringify({ name, ok: true, detail: '' }))
  } catch (error) {
    console.log(JSON.stringify({ name, ok: false, detail: String(error.message).slice(0, 300) }))
  }
}

const DOCUMENT = { ssn: '123-45-6789', salary: 100_000, tags: ['a', 'b'] }

const ALGORITHMS = ['AEAD_AES_256_CBC_HMAC_SHA_512-Deterministic', 'AEAD_AES_256_CBC_HMAC_SHA_512-Random']

const algorithmFor = (value) => ALGORITHMS[Array.isArray(value) ? 1 : 0]

const write = async (masterKey) => {
  const client = encryption()
  const keyId = await client.createDataKey('kmip', { masterKey })
  const encrypted = {}
  for (const [field, value] of Object.entries(DOCUMENT))
    encrypted[field] = await client.encrypt(value, { keyId, algorithm: algorithmFor(value) })
  vault.documents = [...(vault.documents ?? []), encrypted]
  if (encrypted.ssn.toString('latin1').includes(DOCUMENT.ssn)) throw new Error('the document is not encrypted')
  writeFileSync(setup.vault, EJSON.stringify(vault, { relaxed: false }), { mode: 0o600 })
}

const read = async (encrypted) => {
  const client = encryption()
  for (const [field, value] of Object.entries(DOCUMENT)) {
    const clear = await client.decrypt(encrypted[field])
    if (JSON.stringify(clear) !== JSON.stringify(value)) throw new Error(`${field} is not what it was`)
  }
}

const kind = (key) => (key.masterKey.delegated === true ? 'delegated' : 'plain')

if (mode === 'write') {
  await check('MongoDB driver: a data key is made and a document encrypted (plain)', () => write({}))
  if (setup.delegated)
    await check('MongoDB driver: a data key is made and a document encrypted (delegated)', () =>
      write({ delegated: true }),
    )
} else {
  for (const [index, encrypted] of vault.documents.entries())
    await check(`MongoDB driver: after a restart the document is read (${kind(vault.keys[index])})`, () =>
      read(encrypted),
    )
}
