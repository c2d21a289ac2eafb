import type { Kind } from '../../src/schema/kind.ts'
import type { Fields } from '../../src/schema/struct.ts'

export type Structure = { readonly exported: string; readonly kind: Kind<unknown>; readonly fields: Fields }

const isStructure = (value: unknown): value is Kind<unknown> & { readonly fields: Fields } =>
  typeof value === 'object' && value !== null && 'fields' in value && 'compile' in value

/** The structures that modules export. */
export const structuresIn = (...modules: readonly object[]): readonly Structure[] =>
  modules.flatMap((module) =>
    Object.entries(module).flatMap(([exported, kind]: [string, unknown]) =>
      isStructure(kind) ? [{ exported, kind, fields: kind.fields }] : [],
    ),
  )
