/** Free ports on the loopback interface. */
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { isCode } from './process.mjs';

const LOWEST = 15_000;

/** @type {Set<number>} given out by this process, perhaps not bound yet */
const given = new Set();

/**
 * Ports below the range from which the kernel takes the near end of outgoing connections: while a server is down for a
 * restart no client can sit on its port, and none can connect to itself (a TCP simultaneous open) and look like the server.
 * @param {number} count
 * @returns {Promise<number[]>}
 */
export async function freePorts(count) {
  const ephemeral = Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/)[0]);
  const end = ephemeral > LOWEST + 1_000 ? ephemeral : 32_768;
  /** @type {number[]} */
  const ports = [];
  for (let tries = 0; ports.length < count; tries++) {
    if (tries > 1_000) throw new Error(`no ${count} free ports between ${LOWEST} and ${end} on 127.0.0.1`);
    const port = randomInt(LOWEST, end);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    ports.push(port);
  }
  return ports;
}

/**
 * @param {number} port
 * @returns {Promise<boolean>}
 */
function isFree(port) {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => (isCode(error, 'EADDRINUSE', 'EACCES') ? resolve(false) : reject(error)));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
