import { z } from 'zod';

/** Values without a schema (extensions) may nest this deep: serialisers are recursive and a stack must not be an attack surface. */
const MAX_DEPTH = 64;

/** Where and why a value was refused; `untidy` = accepted, but with unknown members or nulls that `tidy` has to sort out. */
export interface Trace {
  path: string;
  problem: string;
  untidy: boolean;
}

/** Receives members that the schema does not know, by dotted path. */
export type Keep = (path: string, value: unknown) => void;

/**
 * A zod schema turned into plain closures. zod stays the definition; this reads it once and then decides the same
 * several times faster, which sealing needs (a property test holds the two together).
 */
export interface Shape {
  check(value: unknown, trace: Trace): boolean;
  /** A copy of an accepted value with known members only. */
  tidy(value: unknown, path: string, keep: Keep): unknown;
}

interface Field extends Shape {
  readonly optional: boolean;
}

function refuse(trace: Trace, problem: string): false {
  trace.path = '';
  trace.problem = problem;
  return false;
}

const identity = (value: unknown): unknown => value;

/** Compiles `schema`. @throws Error for a construct that no schema of ours uses: a mistake in the schema, found at start */
export function compileShape(schema: z.core.$ZodType): Shape {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case 'object':
      return objectShape(def.shape);
    case 'array':
      return arrayShape(compileShape(def.element));
    case 'record':
      return recordShape();
    case 'optional':
      return compileShape(def.innerType);
    case 'nullable': {
      const inner = compileShape(def.innerType);
      return {
        check: (value, trace) => value === null || inner.check(value, trace),
        tidy: (value, path, keep) => (value === null ? null : inner.tidy(value, path, keep)),
      };
    }
    case 'enum':
      return oneOf(Object.values(def.entries));
    case 'literal':
      return oneOf(def.values);
    case 'boolean':
      return { check: (value, trace) => typeof value === 'boolean' || refuse(trace, 'must be true or false'), tidy: identity };
    case 'string':
      return stringShape(def.checks ?? []);
    case 'number':
      return numberShape(def.checks ?? [], 'format' in def);
    case 'unknown':
      return { check: (value, trace) => withinDepth(value, trace), tidy: identity };
    default:
      throw new Error(`a schema of type ${def.type} has no fast form`);
  }
}

function objectShape(shape: Readonly<Record<string, z.core.$ZodType>>): Shape {
  const fields = new Map<string, Field>();
  const required: string[] = [];
  for (const [name, schema] of Object.entries(shape)) {
    const optional = (schema as z.core.$ZodTypes)._zod.def.type === 'optional';
    fields.set(name, { ...compileShape(schema), optional });
    if (!optional) required.push(name);
  }
  // Producers write their members in a steady order: where the last object had the same name at this place, no lookup.
  const lastNames: string[] = [];
  const lastFields: Field[] = [];
  return {
    check(value, trace) {
      if (!isObject(value)) return refuse(trace, 'must be an object');
      let missing = required.length;
      let place = 0;
      for (const name in value) {
        let field = lastNames[place] === name ? lastFields[place] : undefined;
        if (field === undefined) {
          field = fields.get(name);
          if (field !== undefined && place < 32) {
            lastNames[place] = name;
            lastFields[place] = field;
          }
        }
        place++;
        const member = value[name];
        if (field === undefined) {
          if (name === '__proto__') return refuse(trace, 'has a member named __proto__');
          trace.untidy = true;
          if (!withinDepth(member, trace)) return below(trace, name);
        } else if (field.optional && member === null) {
          trace.untidy = true;
        } else {
          if (!field.check(member, trace)) return below(trace, name);
          if (!field.optional) missing--;
        }
      }
      if (missing === 0) return true;
      return refuse(trace, `lacks ${required.filter((name) => !Object.hasOwn(value, name)).join(', ')}`);
    },
    tidy(value, path, keep) {
      const out: Record<string, unknown> = {};
      for (const [name, member] of Object.entries(value as object)) {
        const field = fields.get(name);
        if (field === undefined) keep(path + name, member);
        else if (!field.optional || member !== null) out[name] = field.tidy(member, `${path}${name}.`, keep);
      }
      return out;
    },
  };
}

function arrayShape(element: Shape): Shape {
  return {
    check(value, trace) {
      if (!Array.isArray(value)) return refuse(trace, 'must be an array');
      for (let i = 0; i < value.length; i++) if (!element.check(value[i], trace)) return below(trace, String(i));
      return true;
    },
    tidy: (value, path, keep) => (value as unknown[]).map((member, i) => element.tidy(member, `${path}${i}.`, keep)),
  };
}

/** Records hold what has no schema; only depth and names are looked at. */
function recordShape(): Shape {
  return {
    check: (value, trace) => (isObject(value) ? withinDepth(value, trace) : refuse(trace, 'must be an object')),
    tidy: identity,
  };
}

function oneOf(values: readonly unknown[]): Shape {
  const allowed = new Set(values);
  return { check: (value, trace) => allowed.has(value) || refuse(trace, `must be one of ${values.join(', ')}`), tidy: identity };
}

function stringShape(checks: readonly z.core.$ZodCheck[]): Shape {
  let min = 0;
  let max = Infinity;
  let pattern: RegExp | undefined;
  for (const check of checks) {
    const { def } = (check as unknown as z.core.$ZodChecks)._zod;
    if (def.check === 'min_length') min = def.minimum;
    else if (def.check === 'max_length') max = def.maximum;
    else if (def.check === 'string_format' && def.pattern !== undefined) pattern = def.pattern;
    else throw new Error(`a string check ${def.check} has no fast form`);
  }
  return {
    check(value, trace) {
      if (typeof value !== 'string') return refuse(trace, 'must be a string');
      if (value.length < min) return refuse(trace, 'must not be empty');
      if (value.length > max) return refuse(trace, `must not be longer than ${max}`);
      if (pattern !== undefined && !pattern.test(value)) return refuse(trace, `must match ${pattern.source}`);
      return true;
    },
    tidy: identity,
  };
}

function numberShape(checks: readonly z.core.$ZodCheck[], integer: boolean): Shape {
  let min = -Infinity;
  for (const check of checks) {
    const { def } = (check as unknown as z.core.$ZodChecks)._zod;
    if (def.check === 'greater_than' && def.inclusive) min = Number(def.value);
    else if (def.check !== 'number_format') throw new Error(`a number check ${def.check} has no fast form`);
  }
  return {
    check(value, trace) {
      if (typeof value !== 'number' || !Number.isFinite(value)) return refuse(trace, 'must be a number');
      if (integer && !Number.isSafeInteger(value)) return refuse(trace, 'must be a whole number');
      return value >= min || refuse(trace, `must be at least ${min}`);
    },
    tidy: identity,
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function below(trace: Trace, name: string): false {
  // Names come from the record: cut, so that a reason stays one line of a log.
  trace.path = `.${name.slice(0, 80)}${trace.path}`;
  return false;
}

/** Walks a value without a schema, without recursion. */
function withinDepth(root: unknown, trace: Trace): boolean {
  if (typeof root !== 'object' || root === null) return true;
  let level: object[] = [root];
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return refuse(trace, `nests deeper than ${MAX_DEPTH} levels`);
    const next: object[] = [];
    for (const container of level) {
      if (!Array.isArray(container) && Object.hasOwn(container, '__proto__')) return refuse(trace, 'has a member named __proto__');
      for (const member of Object.values(container) as unknown[]) if (typeof member === 'object' && member !== null) next.push(member);
    }
    level = next;
  }
  return true;
}
