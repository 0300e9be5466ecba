import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { HoldfastError } from '@holdfast/record';
import { z } from 'zod';
import { configDocument } from './config-document.js';
import { readConfig } from './config.js';
import { EXIT, startFailure } from './exit.js';
import { Secret } from './secret.js';
import {
  choiceSetting,
  flagSetting,
  hostSetting,
  integerSetting,
  listSetting,
  portSetting,
  secretSetting,
  textSetting,
  urlSetting,
} from './settings.js';

const schema = z.object({
  profile: choiceSetting('Which adapters are used.', ['embedded', 'cluster']),
  httpHost: hostSetting('Address to listen on.').default('127.0.0.1'),
  port: portSetting('Port of the API.').default(8420),
  s3Endpoint: urlSetting('Address of the object store.').optional(),
  s3SecretKey: secretSetting('Secret key of the object store.').optional(),
  kafkaBrokers: listSetting('Brokers to start from.').default(['a:1', 'b:2']),
  sealMaxAgeMs: integerSetting('Age at which a segment is cut.', 100, 60_000).default(2000),
  auditEnabled: flagSetting('Whether | is escaped.').default(true),
  writerName: textSetting('Name of this writer.', /^[a-z-]+$/, 'lower case letters and hyphens').optional(),
});
const files: Record<string, string> = { '/run/s3': 'se-cr-et\n', '/run/empty': '\n' };
const read = (path: string): string => {
  const text = files[path];
  if (text === undefined) throw Object.assign(new Error('secret text of an error'), { code: 'ENOENT' });
  return text;
};

function problems(environment: Record<string, string>): string {
  try {
    readConfig(schema, environment, read);
  } catch (error) {
    expect(error).toBeInstanceOf(HoldfastError);
    expect(error).toMatchObject({ code: 'bad_configuration' });
    return (error as HoldfastError).message;
  }
  return '';
}

describe('readConfig', () => {
  it('reads values by their kind, and freezes them', () => {
    const config = readConfig(
      schema,
      {
        HOLDFAST_PROFILE: 'cluster',
        HOLDFAST_PORT: '0',
        HOLDFAST_S3_ENDPOINT: 'https://s3.example.org',
        HOLDFAST_S3_SECRET_KEY_FILE: '/run/s3',
        HOLDFAST_KAFKA_BROKERS: 'k1:9092, k2:9092',
        HOLDFAST_AUDIT_ENABLED: 'false',
        HOLDFAST_HTTP_HOST: '',
        PATH: '/bin',
      },
      read,
    );
    expect(config).toMatchObject({ profile: 'cluster', port: 0, httpHost: '127.0.0.1', sealMaxAgeMs: 2000, auditEnabled: false });
    expect(config.kafkaBrokers).toEqual(['k1:9092', 'k2:9092']);
    expect(config.s3SecretKey?.reveal()).toBe('se-cr-et');
    expect(config.writerName).toBeUndefined();
    expect(Object.isFrozen(config) && Object.isFrozen(config.kafkaBrokers)).toBe(true);
  });

  it('reports every problem at once, by variable, without any value', () => {
    const text = problems({
      HOLDFAST_PORT: '70000',
      HOLDFAST_S3_ENDPOINT: 'https://user:hunter2@s3.example.org',
      HOLDFAST_S3_SECRET_KEY: 'hunter2',
      HOLDFAST_SEAL_MAX_AGE_MS: '2s',
      HOLDFAST_AUDIT_ENABLED: 'yes',
      HOLDFAST_KAFKA_BROKERS: 'a:1,,b:2',
      HOLDFAST_WRITER_NAME: 'Writer 1',
      HOLDFAST_HTTP_HOST: 'no host!',
    });
    expect(text.split('\n')).toHaveLength(10);
    expect(text).toContain('The configuration has 9 problems:');
    expect(text).toContain('HOLDFAST_PROFILE is not set: Which adapters are used.');
    expect(text).toContain('HOLDFAST_PORT must be a whole number from 0 to 65535.');
    expect(text).toContain('HOLDFAST_S3_SECRET_KEY is a secret: put it into a file and name the file in HOLDFAST_S3_SECRET_KEY_FILE.');
    expect(text).toContain('HOLDFAST_AUDIT_ENABLED must be one of true, false.');
    expect(text).not.toContain('hunter2');
    expect(text).not.toContain('Writer 1');
  });

  it('says what is wrong with the file of a secret', () => {
    const base = { HOLDFAST_PROFILE: 'embedded' };
    expect(problems({ ...base, HOLDFAST_S3_SECRET_KEY_FILE: '/run/none' })).toContain('names /run/none, which cannot be read (ENOENT)');
    expect(problems({ ...base, HOLDFAST_S3_SECRET_KEY_FILE: '/run/none' })).not.toContain('secret text');
    expect(problems({ ...base, HOLDFAST_S3_SECRET_KEY_FILE: '/run/empty' })).toContain('which is empty');
  });

  it('notices misspelt names, and leaves variables of others alone', () => {
    const base = { HOLDFAST_PROFILE: 'embedded' };
    expect(problems({ ...base, HOLDFAST_S3_ENDPONT: 'https://s3' })).toContain(
      'HOLDFAST_S3_ENDPONT is not a setting; did you mean HOLDFAST_S3_ENDPOINT.',
    );
    expect(problems({ ...base, HOLDFAST_INGEST_SERVICE_HOST: '10.0.0.1', HOLDFAST_AUDIT_PORT_8420_TCP: 'tcp://10.0.0.2' })).toBe('');
  });

  it('exits 78 with the message and no stack', () => {
    const failure = startFailure(new HoldfastError('bad_configuration', 'one'));
    expect(failure).toEqual({ text: 'one', exitCode: EXIT.configuration });
    expect(startFailure(new HoldfastError('store_unavailable', 'two'))).toEqual({ text: 'two', exitCode: EXIT.failed });
    expect(startFailure(new TypeError('three')).text).toContain('at ');
  });
});

describe('Secret', () => {
  it('prints [redacted] however it is printed', () => {
    const secret = new Secret('hunter2');
    const printed = [
      String(secret),
      JSON.stringify({ secret }),
      inspect({ secret }, { depth: 9, showHidden: true }),
      secret.toString(),
      inspect(secret),
    ];
    for (const text of printed) {
      expect(text).toContain('[redacted]');
      expect(text).not.toContain('hunter2');
    }
  });
});

describe('configDocument', () => {
  it('makes one row a setting from the schema', () => {
    const text = configDocument([{ title: 'ingest', schema }]);
    expect(text).toContain('| `HOLDFAST_PROFILE` | required | embedded, cluster | Which adapters are used. |');
    expect(text).toContain('| `HOLDFAST_PORT` | `8420` | a whole number from 0 to 65535 | Port of the API. |');
    expect(text).toContain('| `HOLDFAST_S3_SECRET_KEY_FILE` | none | the path of a file that holds the secret | Secret key of the object store. |');
    expect(text).toContain('Whether \\| is escaped.');
    expect(text).toContain('`a:1,b:2`');
  });
});
