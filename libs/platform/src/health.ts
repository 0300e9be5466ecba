/** What runs in this process and how it is: the base of `/ready`, of two metrics, and of what an operator reads first. */

export type ComponentState = 'starting' | 'running' | 'draining' | 'stopped' | 'failed';

/** From each state to these; anything else is a fault in the program. */
const NEXT: Readonly<Record<ComponentState, readonly ComponentState[]>> = {
  starting: ['running', 'draining', 'stopped', 'failed'],
  running: ['draining', 'stopped', 'failed'],
  draining: ['stopped', 'failed'],
  stopped: ['starting'],
  failed: ['starting', 'draining', 'stopped'],
};

export interface Alarm {
  /** Stable, snake_case: dashboards and runbooks name it. */
  readonly code: string;
  /** One sentence for a person, without record content or secrets. */
  readonly message: string;
  readonly whatToDo: string;
  /** Not ready while it is raised; otherwise a warning beside a ready service. */
  readonly blocking: boolean;
}

export interface RaisedAlarm extends Alarm {
  readonly component: string;
  readonly since: string;
}

export interface ComponentReport {
  readonly name: string;
  readonly state: ComponentState;
  readonly since: string;
  readonly reason?: string;
}

export interface Readiness {
  readonly ready: boolean;
  /** Why not, one sentence each; empty when ready. */
  readonly reasons: readonly string[];
  readonly components: readonly ComponentReport[];
  readonly alarms: readonly RaisedAlarm[];
}

export type HealthEvent =
  | { readonly kind: 'state'; readonly component: string; readonly from: ComponentState; readonly to: ComponentState; readonly reason?: string }
  | { readonly kind: 'raised'; readonly alarm: RaisedAlarm }
  | { readonly kind: 'cleared'; readonly alarm: RaisedAlarm };

/** A part's handle on its own state. */
export interface Component {
  readonly name: string;
  readonly state: ComponentState;
  /** Moves to `state`; the same state with another reason only changes the reason. */
  to(state: ComponentState, reason?: string): void;
  /** Raises an alarm. One that is up already keeps its moment, its words may change. */
  raise(alarm: Alarm): void;
  clear(code: string): void;
}

export class Health {
  readonly #now: () => Date;
  readonly #components = new Map<string, ComponentReport>();
  readonly #alarms = new Map<string, RaisedAlarm>();
  readonly #listeners: ((event: HealthEvent) => void)[] = [];

  constructor(now: () => Date = () => new Date()) {
    this.#now = now;
  }

  onChange(listener: (event: HealthEvent) => void): void {
    this.#listeners.push(listener);
  }

  /** Registers a part, in state `starting`. Names are unique in a process. */
  component(name: string): Component {
    if (this.#components.has(name)) throw new TypeError(`component ${name} is registered twice`);
    this.#components.set(name, { name, state: 'starting', since: this.#moment() });
    const current = (): ComponentReport => this.#reportOf(name);
    return {
      name,
      get state() {
        return current().state;
      },
      to: (state, reason) => this.#move(name, state, reason),
      raise: (alarm) => this.#raise(name, alarm),
      clear: (code) => this.#clear(name, code),
    };
  }

  readiness(): Readiness {
    const components = [...this.#components.values()];
    const alarms = [...this.#alarms.values()];
    const waiting = components.filter(({ state }) => state !== 'running');
    const reasons = [
      ...waiting.map(({ name, state, reason }) => `${name} is ${state}${reason === undefined ? '' : `: ${reason}`}`),
      ...alarms.filter(({ blocking }) => blocking).map(({ component, message }) => `${component}: ${message}`),
    ];
    // A process in which nothing has registered has not started yet.
    if (components.length === 0) reasons.push('nothing has started yet');
    return { ready: reasons.length === 0, reasons, components, alarms };
  }

  #move(name: string, state: ComponentState, reason?: string): void {
    const before = this.#reportOf(name);
    if (before.state === state && before.reason === reason) return;
    if (before.state !== state && !NEXT[before.state].includes(state)) {
      throw new TypeError(`component ${name} cannot go from ${before.state} to ${state}`);
    }
    const since = before.state === state ? before.since : this.#moment();
    this.#components.set(name, { name, state, since, ...(reason === undefined ? {} : { reason }) });
    this.#tell({ kind: 'state', component: name, from: before.state, to: state, ...(reason === undefined ? {} : { reason }) });
  }

  #raise(component: string, alarm: Alarm): void {
    const key = `${component} ${alarm.code}`;
    const before = this.#alarms.get(key);
    const raised = { ...alarm, component, since: before?.since ?? this.#moment() };
    this.#alarms.set(key, raised);
    if (before === undefined) this.#tell({ kind: 'raised', alarm: raised });
  }

  #clear(component: string, code: string): void {
    const key = `${component} ${code}`;
    const alarm = this.#alarms.get(key);
    if (alarm === undefined) return;
    this.#alarms.delete(key);
    this.#tell({ kind: 'cleared', alarm });
  }

  #reportOf(name: string): ComponentReport {
    const report = this.#components.get(name);
    if (report === undefined) throw new TypeError(`component ${name} is not registered`);
    return report;
  }

  #tell(event: HealthEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #moment(): string {
    return this.#now().toISOString();
  }
}
