import { DecryptCommand, DescribeKeyCommand, EncryptCommand, KMSClient, KMSServiceException } from '@aws-sdk/client-kms';
import { HoldfastError } from '@holdfast/record';

export interface KmsOptions {
  /** Id, ARN or alias of a symmetric key; what another key has sealed is refused. */
  readonly keyId: string;
  readonly region: string;
  /** For a private endpoint, and for tests. */
  readonly endpoint?: string;
  /** Without it those of the environment, as every AWS tool finds them. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

const FORMAT = 'holdfast.kms-file/1';
/** What KMS encrypts at once. */
const MOST = 4096;

/**
 * Files of a key ring in the keeping of AWS KMS. The encryption context binds the name of the file: nobody who can write to the
 * folder can put one KEK in the place of another. What is opened is held in memory by the key ring, and never written.
 */
export class KmsSealer {
  readonly #client: KMSClient;
  readonly #keyId: string;

  constructor({ keyId, region, endpoint, credentials }: KmsOptions) {
    this.#keyId = keyId;
    this.#client = new KMSClient({ region, ...(endpoint !== undefined && { endpoint }), ...(credentials !== undefined && { credentials }) });
  }

  /** @throws HoldfastError `bad_configuration`: the key is not there, not enabled, or not one that encrypts */
  async check(): Promise<void> {
    const { KeyMetadata: key } = await guarded(() => this.#client.send(new DescribeKeyCommand({ KeyId: this.#keyId })));
    if (key?.KeyState !== 'Enabled' || key.KeyUsage !== 'ENCRYPT_DECRYPT')
      throw new HoldfastError(
        'bad_configuration',
        `The KMS key ${this.#keyId} is ${key?.KeyState ?? 'unknown'} and for ${key?.KeyUsage ?? 'nothing'}; an enabled one for ENCRYPT_DECRYPT is needed.`,
      );
  }

  /** @throws HoldfastError `bad_request` for a file that KMS does not take at once */
  async seal(file: string, bytes: Uint8Array): Promise<Uint8Array> {
    if (bytes.length > MOST)
      throw new HoldfastError(
        'bad_request',
        `${file} has ${bytes.length} bytes; KMS seals at most ${MOST}. Remove keys on standby that were never used.`,
      );
    const { CiphertextBlob: sealed } = await guarded(() =>
      this.#client.send(new EncryptCommand({ KeyId: this.#keyId, Plaintext: bytes, EncryptionContext: contextOf(file) })),
    );
    if (sealed === undefined) throw new HoldfastError('key_malformed', `KMS answered without a ciphertext for ${file}.`);
    return new TextEncoder().encode(`${JSON.stringify({ format: FORMAT, ciphertext: Buffer.from(sealed).toString('base64') })}\n`);
  }

  /** @throws HoldfastError `key_malformed`: changed, of another file, or sealed by another key */
  async unseal(file: string, sealed: Uint8Array): Promise<Uint8Array> {
    const ciphertext = parse(file, sealed);
    const { Plaintext: bytes } = await guarded(
      // The key is pinned: the ciphertext could name one of somebody else.
      () => this.#client.send(new DecryptCommand({ KeyId: this.#keyId, CiphertextBlob: ciphertext, EncryptionContext: contextOf(file) })),
      file,
    );
    if (bytes === undefined) throw new HoldfastError('key_malformed', `KMS answered without a plaintext for ${file}.`);
    return bytes;
  }

  close(): void {
    this.#client.destroy();
  }
}

function contextOf(file: string): Record<string, string> {
  return { application: 'holdfast', file };
}

function parse(file: string, sealed: Uint8Array): Uint8Array {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(sealed));
    if (
      typeof value === 'object' &&
      value !== null &&
      'format' in value &&
      value.format === FORMAT &&
      'ciphertext' in value &&
      typeof value.ciphertext === 'string'
    )
      return Buffer.from(value.ciphertext, 'base64');
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new HoldfastError('key_malformed', `${file} was not sealed by KMS.`);
}

const REFUSED = new Set(['InvalidCiphertextException', 'IncorrectKeyException']);
const SET_UP = new Set([
  'AccessDeniedException',
  'NotFoundException',
  'DisabledException',
  'KMSInvalidStateException',
  'InvalidKeyUsageException',
  'UnrecognizedClientException',
  'ValidationException',
]);

async function guarded<T>(work: () => Promise<T>, file = 'the key'): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const name = cause instanceof Error ? cause.name : '';
    if (REFUSED.has(name))
      throw new HoldfastError('key_malformed', `KMS does not open ${file}: it was changed, belongs to another file, or was sealed by another key.`, {
        cause,
      });
    if (SET_UP.has(name) || name === 'CredentialsProviderError')
      throw new HoldfastError('bad_configuration', `KMS refuses (${name}): check HOLDFAST_KMS_KEY_ID, the region, and the rights of this process.`, {
        cause,
      });
    // The client has tried several times already.
    if (cause instanceof KMSServiceException || cause instanceof Error)
      throw new HoldfastError('store_unavailable', `KMS cannot be asked now (${name}).`, { cause });
    throw cause;
  }
}
