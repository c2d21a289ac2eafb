import type { ProfileName } from '../../domain/compatibility.ts'

/**
 * What a product's screen asks for:
 * - `pair`: certificate and key, each in a file in PEM;
 * - `single`: both in one file in PEM;
 * - `pkcs12`: both in a PKCS#12 container with a password;
 * - `java`: the same under the name of a Java keystore, which Java has read as such since 8u60.
 */
export type CredentialForm = 'pair' | 'single' | 'pkcs12' | 'java'

/**
 * A product, and how it is connected. In steps, `{ca}`, `{certificate}`, `{key}`, `{file}` and `{password}` stand for the
 * files that are made, `{host}` and `{port}` for this server, `{name}` for the client.
 */
export type Product = {
  /** For people. */
  readonly title: string
  /** Where the steps are done. */
  readonly place: string
  /** Versions of KMIP that it speaks. */
  readonly versions: string
  readonly form: CredentialForm
  readonly profiles?: readonly ProfileName[]
  /** Where it speaks only the TLS suites of KMIP 1.x. */
  readonly legacySuites?: true
  /** Where the client has a certificate made here. */
  readonly steps: readonly string[]
  /** Where the product has a certificate request to be signed. */
  readonly csr?: readonly string[]
  /** Where it shows a certificate of its own. */
  readonly pin?: readonly string[]
  /** What one should know besides. */
  readonly notes?: readonly string[]
}
