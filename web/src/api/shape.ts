/** Runtime checks of what arrives from outside: a shape turns `unknown` into a typed value, or says where it does not fit. */

export class ShapeError extends Error {
  constructor(path: string, expected: string, got: unknown) {
    super(`${path || "the message"}: expected ${expected}, got ${describe(got)}`);
    this.name = "ShapeError";
  }
}

export type Shape<T> = (value: unknown, path: string) => T;
export type Of<S> = S extends Shape<infer T> ? T : never;

export const text: Shape<string> = (value, path) => {
  if (typeof value === "string") return value;
  throw new ShapeError(path, "a string", value);
};

export const number: Shape<number> = (value, path) => {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new ShapeError(path, "a number", value);
};

export const flag: Shape<boolean> = (value, path) => {
  if (typeof value === "boolean") return value;
  throw new ShapeError(path, "true or false", value);
};

/** A value that may be null or absent; both become null. */
export function maybe<T>(shape: Shape<T>): Shape<T | null> {
  return (value, path) => (value === null || value === undefined ? null : shape(value, path));
}

/** A value that may be absent, and what it is then. */
export function or<T>(shape: Shape<T>, absent: T): Shape<T> {
  return (value, path) => (value === null || value === undefined ? absent : shape(value, path));
}

export function list<T>(shape: Shape<T>): Shape<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw new ShapeError(path, "a list", value);
    return value.map((item, index) => shape(item, `${path}[${index}]`));
  };
}

export function dictionary<T>(shape: Shape<T>): Shape<Readonly<Record<string, T>>> {
  return (value, path) => {
    const source = asObject(value, path);
    return Object.fromEntries(Object.entries(source).map(([key, item]) => [key, shape(item, `${path}.${key}`)]));
  };
}

/** An object with at least these fields. Fields that are not named are left out: a newer region may send more. */
export function object<F extends Record<string, Shape<unknown>>>(fields: F): Shape<{ readonly [K in keyof F]: Of<F[K]> }> {
  return (value, path) => {
    const source = asObject(value, path);
    const result: Record<string, unknown> = {};
    for (const [key, shape] of Object.entries(fields)) result[key] = shape(source[key], path ? `${path}.${key}` : key);
    return result as { readonly [K in keyof F]: Of<F[K]> };
  };
}

function asObject(value: unknown, path: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new ShapeError(path, "an object", value);
}

function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  const shown = JSON.stringify(value) ?? typeof value;
  return shown.length > 40 ? `${shown.slice(0, 40)}…` : shown;
}
