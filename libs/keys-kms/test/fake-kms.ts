import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Request {
  readonly KeyId?: string;
  readonly Plaintext?: string;
  readonly CiphertextBlob?: string;
  readonly EncryptionContext?: Readonly<Record<string, string>>;
}

/** Thrown in place of an answer: `__type` of the JSON 1.1 protocol. */
class Refusal extends Error {
  readonly type: string;
  readonly status: number;

  constructor(type: string, status = 400) {
    super(type);
    this.type = type;
    this.status = status;
  }
}

/** What of AWS KMS is used, over its protocol (JSON 1.1): Encrypt, Decrypt, DescribeKey. Real ciphers, keys in memory. */
export class FakeKms {
  readonly #server: Server;
  readonly #keys = new Map<string, { readonly secret: Buffer; state: string }>();
  readonly calls: string[] = [];
  /** Answers everything with a fault while it is set. */
  failure: string | undefined;

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const operation = String(request.headers['x-amz-target']).replace('TrentService.', '');
        this.calls.push(operation);
        let status = 200;
        let body: object;
        try {
          if (this.failure !== undefined) throw new Refusal(this.failure, this.failure === 'KMSInternalException' ? 500 : 400);
          body = this.#answer(operation, JSON.parse(Buffer.concat(chunks).toString()) as Request);
        } catch (error) {
          if (!(error instanceof Refusal)) throw error;
          status = error.status;
          body = { __type: error.type, message: 'refused' };
        }
        response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
      });
    });
  }

  static async start(): Promise<FakeKms> {
    const kms = new FakeKms();
    await new Promise<void>((resolve) => kms.#server.listen(0, '127.0.0.1', resolve));
    return kms;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve, reject) => this.#server.close((error) => (error === undefined ? resolve() : reject(error))));
  }

  createKey(id: string): void {
    this.#keys.set(id, { secret: randomBytes(32), state: 'Enabled' });
  }

  disable(id: string): void {
    this.#key(id).state = 'Disabled';
  }

  #key(id: string | undefined): { readonly secret: Buffer; state: string } {
    const key = this.#keys.get(id ?? '');
    if (key === undefined) throw new Refusal('NotFoundException');
    return key;
  }

  #answer(operation: string, request: Request): object {
    const key = this.#key(request.KeyId);
    if (operation === 'DescribeKey') return { KeyMetadata: { KeyId: request.KeyId, KeyState: key.state, KeyUsage: 'ENCRYPT_DECRYPT' } };
    if (key.state !== 'Enabled') throw new Refusal('DisabledException');
    const aad = Buffer.from(JSON.stringify(Object.entries(request.EncryptionContext ?? {}).sort()));
    if (operation === 'Encrypt') {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key.secret, nonce).setAAD(aad);
      const body = Buffer.concat([cipher.update(Buffer.from(request.Plaintext ?? '', 'base64')), cipher.final()]);
      return { KeyId: request.KeyId, CiphertextBlob: Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64') };
    }
    if (operation !== 'Decrypt') throw new Refusal('UnknownOperationException');
    const blob = Buffer.from(request.CiphertextBlob ?? '', 'base64');
    try {
      const decipher = createDecipheriv('aes-256-gcm', key.secret, blob.subarray(0, 12)).setAAD(aad).setAuthTag(blob.subarray(12, 28));
      return { KeyId: request.KeyId, Plaintext: Buffer.concat([decipher.update(blob.subarray(28)), decipher.final()]).toString('base64') };
    } catch {
      // As KMS does: why it failed is not told.
      throw new Refusal('InvalidCiphertextException');
    }
  }
}
