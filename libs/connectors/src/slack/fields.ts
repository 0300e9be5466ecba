/**
 * Reads the members of a source object and remembers which were read. What nobody took, or what had an unexpected type, ends
 * in the extensions: so a mapping cannot lose a leaf by forgetting it (lossless by construction, not by care).
 */
export class Fields {
  readonly #left: Map<string, unknown>;
  readonly #path: string;
  readonly #inner: Fields[] = [];

  /** `path` is the namespaced name of the object, such as `slack` or `slack.files.0`. */
  constructor(object: Readonly<Record<string, unknown>>, path: string) {
    this.#left = new Map(Object.entries(object));
    this.#path = path;
  }

  /** Takes a text member of at most `max` characters. Empty text stays behind: it says nothing, but it was there. */
  text(name: string, max = Infinity): string | undefined {
    const value = this.#left.get(name);
    if (typeof value !== 'string' || value === '' || value.length > max) return undefined;
    this.#left.delete(name);
    return value;
  }

  count(name: string): number | undefined {
    const value = this.#left.get(name);
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) return undefined;
    this.#left.delete(name);
    return value;
  }

  /** Takes a member that is true; false stays behind. */
  flag(name: string): boolean {
    return this.#left.get(name) === true && this.#left.delete(name);
  }

  /** Takes a list when all of it is text. */
  texts(name: string, max = Infinity): string[] | undefined {
    const value: unknown = this.#left.get(name);
    if (!isList(value) || value.length === 0) return undefined;
    if (!value.every((member) => typeof member === 'string' && member !== '' && member.length <= max)) return undefined;
    this.#left.delete(name);
    return value as string[];
  }

  /** Opens an object; what is not taken of it goes to the extensions under its path. */
  object(name: string): Fields | undefined {
    const value = this.#left.get(name);
    if (!isObject(value) || Object.keys(value).length === 0) return undefined;
    this.#left.delete(name);
    return this.#open(value, name);
  }

  /** Opens a list when all of it is objects. */
  objects(name: string): Fields[] {
    const value = this.#left.get(name);
    if (!Array.isArray(value) || value.length === 0 || !value.every((member) => isObject(member) && Object.keys(member).length > 0)) return [];
    this.#left.delete(name);
    return value.map((member: Record<string, unknown>, i) => this.#open(member, `${name}.${i}`));
  }

  /** Looks without taking: the value also stays in the extensions, as it was written. */
  peek(name: string): unknown {
    return this.#left.get(name);
  }

  peekText(name: string, max = Infinity): string | undefined {
    const value = this.#left.get(name);
    return typeof value === 'string' && value !== '' && value.length <= max ? value : undefined;
  }

  /** Everything that was not taken, by namespaced name. */
  rest(): Record<string, unknown> {
    const rest: Record<string, unknown> = {};
    for (const [name, value] of this.#left) add(rest, `${this.#path}.${name}`, value);
    for (const inner of this.#inner) for (const [name, value] of Object.entries(inner.rest())) add(rest, name, value);
    return rest;
  }

  #open(value: Record<string, unknown>, name: string): Fields {
    const inner = new Fields(value, `${this.#path}.${name}`);
    this.#inner.push(inner);
    return inner;
  }
}

/** A member whose own name has dots can meet the path of another: both stay. */
function add(rest: Record<string, unknown>, name: string, value: unknown): void {
  let free = name;
  while (Object.hasOwn(rest, free)) free += "'";
  rest[free] = value;
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
