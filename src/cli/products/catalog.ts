import { DATABASES } from './databases.ts'
import { INFRASTRUCTURE } from './infrastructure.ts'
import type { Product } from './product.ts'
import { STORAGE } from './storage.ts'

/** Every product that there are steps for, by the name that `client add --for` takes. */
export const PRODUCTS: ReadonlyMap<string, Product> = new Map(
  Object.entries<Product>({ ...DATABASES, ...STORAGE, ...INFRASTRUCTURE }).sort(([a], [b]) => (a < b ? -1 : 1)),
)
