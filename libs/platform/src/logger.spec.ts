import { describe, expect, it } from '@jest/globals';
import { HoldfastError } from '@holdfast/record';
import { createLogger, nestLogger } from './logger.js';
import type { Logger } from './logger.js';
import { Secret } from './secret.js';

function capture(level: 'debug' | 'info' = 'debug'): { logger: Logger; lines: () => Record<string, unknown>[]; text: () => string } {
  const written: string[] = [];
  const logger = createLogger({ service: 'ingest', version: '1.2.3', level, to: { write: (line) => void written.push(line) } });
  return { logger, lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>), text: () => written.join('') };
}

describe('createLogger', () => {
  it('writes JSON with the message, the level as a word, an ISO time and the service', () => {
    const { logger, lines } = capture();
    logger.child({ chain: 'gov' }).info({ seq: 12n, treeSize: 3 }, 'segment sealed');
    expect(lines()).toEqual([
      {
        level: 'info',
        time: expect.any(String),
        service: 'ingest',
        version: '1.2.3',
        chain: 'gov',
        seq: '12',
        treeSize: 3,
        message: 'segment sealed',
      },
    ]);
    expect(new Date(String(lines()[0]?.['time'])).toISOString()).toBe(lines()[0]?.['time']);
  });

  it('leaves out levels below its own', () => {
    const { logger, lines } = capture('info');
    logger.debug({}, 'nothing');
    expect(lines()).toEqual([]);
  });

  it('redacts secrets that slipped into fields', () => {
    const { logger, text } = capture();
    const careless = {
      password: 'hunter2',
      headers: { authorization: 'hunter2' },
      request: { jwk: { d: 'hunter2', kid: 'x' } },
      s: new Secret('hunter2'),
    };
    logger.info(careless as object, 'careless');
    expect(text()).not.toContain('hunter2');
    expect(text()).toContain('[redacted]');
    expect(text()).toContain('"kid":"x"');
  });

  it('logs our errors whole, and of others only what cannot carry content', () => {
    const { logger, lines, text } = capture();
    const vendor = Object.assign(new Error('query "merger with Acme" failed'), { name: 'ResponseError', statusCode: 500, body: { q: 'Acme' } });
    logger.error({ err: new HoldfastError('index_unavailable', 'The index does not answer.', { cause: vendor }) }, 'search failed');
    expect(lines()[0]?.['err']).toMatchObject({
      type: 'HoldfastError',
      code: 'index_unavailable',
      kind: 'transient',
      message: 'The index does not answer.',
      stack: expect.arrayContaining([expect.stringContaining('at ')]),
      cause: { type: 'ResponseError', statusCode: 500 },
    });
    expect(text()).not.toContain('Acme');
    logger.error({ err: new SyntaxError('Unexpected token in "my message"') }, 'parse failed');
    expect(text()).not.toContain('my message');
    logger.error({ err: 'my text' }, 'odd');
    expect(text()).not.toContain('my text');
    logger.error({ err: Object.assign(new Error('ENOENT: no such file, open x'), { syscall: 'open', code: 'ENOENT' }) }, 'file');
    expect(lines()[3]?.['err']).toMatchObject({ code: 'ENOENT', message: 'ENOENT: no such file, open x' });
  });

  it('ends at causes that go in a circle', () => {
    const { logger, lines } = capture();
    const error = new TypeError('round');
    error.cause = error;
    logger.error({ err: error }, 'round');
    expect(lines()).toHaveLength(1);
  });
});

describe('nestLogger', () => {
  it('puts what Nest says into a field and its start under debug', () => {
    const { logger, lines } = capture();
    const nest = nestLogger(logger);
    nest.log('Mapped {/x, GET}', 'RouterExplorer');
    nest.error(new Error('with content'), 'ExceptionsHandler');
    expect(lines()[0]).toMatchObject({ level: 'debug', message: 'nest', detail: 'Mapped {/x, GET}', component: 'RouterExplorer' });
    expect(lines()[1]).toMatchObject({ level: 'error', message: 'nest', detail: 'object' });
  });
});
