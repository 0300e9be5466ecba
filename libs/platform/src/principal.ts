import type { IncomingMessage } from 'node:http';
import { UnauthorizedException } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { isPublic } from './route.js';

/** Who makes a request: a person or a service, as audit events name it. */
export interface Principal {
  readonly id: string;
}

/** Finds who makes a request; `undefined` is a stranger. */
export type Authenticate = (request: IncomingMessage) => Promise<Principal | undefined>;

const principals = new WeakMap<IncomingMessage, Principal>();

/** Refuses strangers everywhere but on routes that are described as public. */
export class PrincipalGuard implements CanActivate {
  readonly #authenticate: Authenticate;

  constructor(authenticate: Authenticate) {
    this.#authenticate = authenticate;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (isPublic(context)) return true;
    const request = context.switchToHttp().getRequest<IncomingMessage>();
    const principal = await this.#authenticate(request);
    if (principal === undefined) throw new UnauthorizedException();
    principals.set(request, principal);
    return true;
  }
}

/** The principal of a request that passed the guard. */
export function principalOf(request: IncomingMessage): Principal {
  const principal = principals.get(request);
  if (principal === undefined) throw new UnauthorizedException();
  return principal;
}
