import type { Ref } from '@holdfast/record';
import { isObject } from './fields.js';

/** The accounts of an export, for names beside ids. */
export class People {
  readonly #refs = new Map<string, Ref>();
  /** The workspace that most accounts belong to. */
  readonly team: string | undefined;

  constructor(users: readonly unknown[]) {
    const teams = new Map<string, number>();
    for (const user of users) {
      if (!isObject(user) || typeof user['id'] !== 'string') continue;
      const team = user['team_id'];
      if (typeof team === 'string' && team !== '') teams.set(team, (teams.get(team) ?? 0) + 1);
      this.#refs.set(user['id'], refOfUser(user['id'], user));
    }
    // Foreign accounts of shared channels are the minority; a tie is broken by name so that every run says the same.
    this.team = [...teams].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))[0]?.[0];
  }

  get size(): number {
    return this.#refs.size;
  }

  ref(id: string): Ref {
    return this.#refs.get(id) ?? { source_user_id: id };
  }

  /** A handle or name to show for `<@id>`, or undefined when the export does not know the account. */
  nameOf(id: string): string | undefined {
    const ref = this.#refs.get(id);
    return ref?.display_name ?? ref?.handle;
  }
}

function refOfUser(id: string, user: Readonly<Record<string, unknown>>): Ref {
  const profile = isObject(user['profile']) ? user['profile'] : {};
  const handle = textOf(user['name']);
  const display = textOf(profile['display_name']) ?? textOf(profile['real_name']) ?? textOf(user['real_name']);
  const email = textOf(profile['email']);
  const guest = user['is_restricted'] === true || user['is_ultra_restricted'] === true;
  return {
    source_user_id: id,
    ...(handle !== undefined && { handle }),
    ...(display !== undefined && { display_name: display }),
    ...(email !== undefined && { email }),
    kind: user['is_bot'] === true ? 'bot' : guest ? 'guest' : 'human',
    ...(user['is_stranger'] === true && { external: true }),
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= 4096 ? value : undefined;
}
