import { readFile } from 'node:fs/promises';
import { nodeCrypto } from '@holdfast/crypto-node';
import { HoldfastError } from '@holdfast/record';
import { ecKeySchema, fromUtf8, parseJson, parseJws, verifyJws } from '@holdfast/seal';
import { REPORT_FORMAT, REPORT_TYP } from '@holdfast/verify';
import { z } from 'zod';
import { EXIT, count, print } from '../output.js';
import { inLanguage, languageOf } from '../verifying/language.js';
import { publicKeyOf } from '../verifying/report-file.js';
import type { VerifyCommandOptions } from '../verifying/verify-options.js';

const MOST_BYTES = 64 * 1024 * 1024;

const documentSchema = z.looseObject({
  format: z.literal(REPORT_FORMAT),
  time: z.iso.datetime(),
  software: z.string(),
  summary: z.array(z.strictObject({ en: z.string(), zh: z.string() })),
  report: z.looseObject({ ok: z.boolean(), archive: z.string(), findingsTotal: z.int().nonnegative() }),
  signer: ecKeySchema.optional(),
});
type Document = z.infer<typeof documentSchema>;

/** `holdfast verify --check-report FILE`: who has signed a report, and what it says; exits 1 when it has findings or is not what was signed. */
export async function checkReport(path: string, options: VerifyCommandOptions): Promise<number> {
  const { signKey } = options;
  const wanted = signKey === undefined ? undefined : publicKeyOf(JSON.parse((await read(signKey)).toString('utf8')), signKey).kid;
  const { document, signedBy, problem } = openReport(await read(path));
  const wrong = problem ?? (wanted === undefined || wanted === signedBy ? undefined : `it is not signed by ${wanted}`);
  const { time, software, report, summary } = document ?? {};
  const language = options.lang ?? languageOf(options.environment);
  print(
    options.json === true,
    { ok: wrong === undefined && report?.ok === true, signedBy: signedBy ?? null, problem: wrong ?? null, time, software, summary, report },
    () =>
      [
        ...(wrong === undefined ? [] : [`Do not rely on this report: ${wrong}.`]),
        ...(signedBy === undefined
          ? ['It is not signed: it says only what whoever wrote it says.']
          : [`Signed by ${signedBy}. Compare this with what the auditor told you.`]),
        ...(report === undefined
          ? []
          : [
              `Archive ${report.archive}, ${time ?? ''}, ${software ?? ''}, ${count(report.findingsTotal)} findings`,
              ...(summary ?? []).map((sentence) => inLanguage(sentence, language)),
            ]),
      ].join('\n'),
  );
  return wrong === undefined && report?.ok === true ? EXIT.done : EXIT.findings;
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new HoldfastError('bad_configuration', `${path} cannot be read.`, { cause });
  }
}

/** A report as JSON, or a compact JWS over one by the key that it names. */
function openReport(bytes: Uint8Array): { readonly document?: Document; readonly signedBy?: string; readonly problem?: string } {
  try {
    if (bytes[0] === 0x7b) return { document: documentSchema.parse(JSON.parse(fromUtf8(bytes))) };
    const jws = parseJws(bytes, MOST_BYTES);
    const document = documentSchema.parse(parseJson(jws.payload));
    const { signer } = document;
    if (signer === undefined) return { document, problem: 'it does not name the key that signed it' };
    if (!verifyJws(nodeCrypto, jws, REPORT_TYP, signer))
      return { document, problem: 'it was changed after it was signed, or is signed by another key' };
    return { document, signedBy: signer.kid };
  } catch (error) {
    if (!(error instanceof HoldfastError || error instanceof z.ZodError || error instanceof SyntaxError)) throw error;
    return { problem: 'it is no report of a verification' };
  }
}
