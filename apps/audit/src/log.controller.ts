import type { IncomingMessage, ServerResponse } from 'node:http';
import { Controller, Inject, Req, Res } from '@nestjs/common';
import { Route } from '@holdfast/platform';
import { Audit } from './audit.js';
import { tileParams } from './wire.js';

const PREFIX = '/log/';

/** Public, so that witnesses, auditors and other implementations read the log as C2SP tlog-tiles says. */
@Controller()
export class LogController {
  readonly #audit: Audit;

  constructor(@Inject(Audit) audit: Audit) {
    this.#audit = audit;
  }

  @Route({
    method: 'get',
    path: '/log/checkpoint',
    operationId: 'logCheckpoint',
    summary: 'The newest checkpoint of the transparency log, with its co-signatures (C2SP tlog-checkpoint).',
    tags: ['log'],
    public: true,
    responses: { 200: { description: 'A signed note.', contentType: 'text/plain' } },
  })
  async checkpoint(@Res() response: ServerResponse): Promise<void> {
    send(response, await this.#audit.current.log.checkpoint(), 'text/plain; charset=utf-8', 'no-cache');
  }

  @Route({
    method: 'get',
    path: '/log/tile/{path...}',
    operationId: 'logTile',
    summary: 'A tile of the transparency log: hashes, or the entries themselves (C2SP tlog-tiles).',
    tags: ['log'],
    public: true,
    params: tileParams,
    responses: { 200: { description: 'The bytes of the tile.', contentType: 'application/octet-stream' } },
  })
  async tile(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    // As it was asked for: a tile has one spelling, and decoding would give it more.
    const path = (request.url ?? '').replace(/\?.*$/, '').slice(PREFIX.length);
    const { bytes, full } = await this.#audit.current.log.tile(path);
    send(response, bytes, 'application/octet-stream', full ? 'public, max-age=31536000, immutable' : 'no-cache');
  }
}

function send(response: ServerResponse, bytes: Uint8Array, contentType: string, cache: string): void {
  response.setHeader('Content-Type', contentType);
  response.setHeader('Cache-Control', cache);
  response.end(bytes);
}
