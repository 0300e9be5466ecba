import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { bundle } from './commands/bundle.js';
import { rebuildAllClaims, repair } from './commands/claims.js';
import type { RepairCommandOptions } from './commands/claims.js';
import { generate } from './commands/generate.js';
import { attestIndexCommand, indexStatus, rebuildIndex } from './commands/index-command.js';
import { importFile } from './commands/import.js';
import { ingest } from './commands/ingest.js';
import { drillEscrow, moveEscrow, writeAnswer, writeChallenge } from './commands/key-escrow.js';
import { closeCompromised, keyHeads, rotateRecovery, signStatement } from './commands/key-compromise.js';
import { introduceKeys, rotateKeks, rotateLogKey, rotateManifestKey } from './commands/key-rotation.js';
import { initKeys, keepByKms, keysStatus } from './commands/keys.js';
import { relockArchive } from './commands/relock.js';
import { search, show } from './commands/search.js';
import { acceptGap, newEpoch } from './commands/source.js';
import { start } from './commands/start.js';
import { storeCheck } from './commands/store-check.js';
import { compare, copy } from './commands/vault.js';
import { verify } from './commands/verify.js';
import { witness } from './commands/witness.js';
import { EXIT, exitCodeOf, outliveReaders, print, printError, wantsJson } from './output.js';
import { reason } from './reason.js';
import type { GlobalOptions } from './session.js';

function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least || value > most)
      throw new InvalidArgumentError(`a whole number from ${least} to ${most} is expected.`);
    return value;
  };
}

/** Runs `work` and turns its outcome into the exit code. */
function run<A extends unknown[]>(work: (...args: A) => Promise<number>): (...args: A) => Promise<void> {
  return async (...args) => {
    process.exitCode = await work(...args);
  };
}

const program = new Command('holdfast')
  .description('A compliance archive for instant messages: sealed, searchable, provable.')
  .version('0.1.0')
  .exitOverride()
  .hook('preAction', (_program, action) => void action.setOptionValue('environment', process.env))
  .showHelpAfterError('(add --help for what it takes)');

function command(parent: Command, name: string, description: string): Command {
  return parent
    .command(name)
    .description(description)
    .option('--data <dir>', 'the folder of an embedded archive')
    .option('--json', 'one JSON document on stdout');
}

command(program, 'start', 'run both services; http://localhost:8420')
  .option('--port <port>', 'audit listens here, ingest on the next port', wholeNumber(1, 65_534), 8420)
  .option('--sample', 'load sample conversations into a new archive')
  .action(run(start));

command(program, 'generate', 'a bilingual synthetic corpus into the source')
  .requiredOption('--records <n>', 'how many records', wholeNumber(1, 1_000_000_000))
  .option('--seed <n>', 'the same seed gives the same corpus', wholeNumber(0, 0xffffffff), 1)
  .option('--conversations <n>', 'how many conversations', wholeNumber(1, 10_000_000), 200)
  .action(run(generate));

command(program, 'import <format> <path>', 'an export of another system into the source: slack EXPORT.zip, events FILE.jsonl')
  .option('--keep-going', 'events: archive bad lines as they are instead of refusing the file')
  .action(run(importFile));

command(program, 'ingest', 'seal and index what waits')
  .option('--until-idle', 'stop when everything that is in the source now is sealed and indexed')
  .option('--no-index', 'only seal')
  .action(run(ingest));

command(program, 'search <query>', 'search the archive')
  .option('--limit <n>', 'results on a page', wholeNumber(1, 1000), 20)
  .addOption(new Option('--sort <order>', 'by time').choices(['newest', 'oldest']).default('newest'))
  .option('--from <date>', 'shorthand for sent:DATE..')
  .option('--to <date>', 'shorthand for sent:..DATE')
  .option('--cursor <cursor>', 'go on behind a page')
  .option('--ids', 'only record ids; without --json all of them')
  .action(run(search));

command(program, 'show <record-id>', 'open a record with its proof')
  .option('--context <n>', 'events of its conversation before and after', wholeNumber(0, 500))
  .action(run(show));

command(program, 'bundle', 'records and their proof in one file, which verifies without the archive')
  .option('--query <query>', 'what a search finds')
  .option('--conversation <id>', 'a whole conversation, platform:workspace:conversation, and the proof that nothing was left out')
  .option('--key <text>', 'the same for an exact Kafka key')
  .option('--key-hex <bytes>', 'the same for a key that is no text')
  .option('--ids <file>', 'records by id')
  .requiredOption('-o, --output <file>', 'the bundle; it must not be there yet')
  .option('--from <date>', 'show only from this day on')
  .option('--to <date>', 'show only up to this day')
  .addOption(new Option('--lang <language>', 'of the transcript').choices(['en', 'zh-CN']).default('en'))
  .option('--zone <zone>', 'time zone of the transcript and of --from and --to, such as Asia/Shanghai')
  .option('--withhold <file>', 'lines RECORD_ID REASON [NOTE]: not shown, their proof stays')
  .option('--redact <file>', 'JSON lines {"id","text"}: withheld, with a redacted copy')
  .option('--policy <file>', 'the policy to suggest to verifiers')
  .option('--at <entries>', 'at an older checkpoint of so many entries: the same bundle again', wholeNumber(1, Number.MAX_SAFE_INTEGER))
  .action(run(bundle));

command(program, 'verify', 'judge the archive, or a bundle; exits 1 with findings')
  .option('--bundle <file>', 'an evidence bundle; no archive is needed')
  .option('--level <n>', 'all checks up to this level', wholeNumber(1, 8))
  .option('--archive-id <id>', 'the archive id that you hold from elsewhere')
  .option('--policy <file>', 'whom you believe: log key, witnesses, time-stamp authorities')
  .option(
    '--checkpoint <file>',
    'a checkpoint of the log that you have kept; may be given several times',
    (file: string, before: readonly string[] | undefined) => [...(before ?? []), file],
  )
  .option('--disclose <folder>', 'with --bundle: bytes and salts of records that it does not show')
  .option('--without-claims', 'a second copy, which has no claims')
  .option('--chains <list>', 'only these, comma separated: CHAIN, or CHAIN:FROM-TO in segments (TO not included); * and ** in names')
  .option('--state <file>', 'keep how far it came there; the same command goes on behind it')
  .option('--report <file>', 'also write the report, with the texts of its findings')
  .option('--sign', 'with --report: sign it (JWS)')
  .option('--sign-key <file>', 'your own key (JWK); a new file becomes a new key. With --check-report: who must have signed')
  .option('--check-report <file>', 'who signed a report, and what it says; no archive is needed')
  .addOption(new Option('--lang <language>', 'of what findings mean').choices(['en', 'zh-CN']))
  .action(run(verify));

const claims = program.command('claims').description('the commit points of the chains');
const stopped = ['--writers-stopped', 'every ingest and audit service is stopped'] as const;
command(claims, 'rebuild', 'make claims that were lost, from the manifests')
  .option(...stopped)
  .action(run((options: GlobalOptions & { writersStopped?: boolean }) => rebuildAllClaims({ ...options, yes: options.writersStopped === true })));
command(claims, 'repair', 'replace the unreadable last claim of a chain')
  .requiredOption('--chain <chain>', 'the chain')
  .requiredOption('--reason <text>', 'why; signed, stored and sealed', reason)
  .option('--manifest <hash>', 'the manifest that counts, when several verify')
  .option('--recovery-key <file>', 'private recovery key')
  .option(...stopped)
  .action(
    run((options: Omit<RepairCommandOptions, 'yes'> & { writersStopped?: boolean }) => repair({ ...options, yes: options.writersStopped === true })),
  );

command(program, 'store-check', 'try every promise of an S3 store; no archive is needed')
  .option('--full', 'also what takes long')
  .option('--create', 'with --full: make buckets to try it in, and remove them')
  .option('--endpoint <url>', 'the store; default: HOLDFAST_S3_ENDPOINT, or AWS')
  .option('--bucket-prefix <prefix>', 'it is tried in PREFIX-vault and PREFIX-claims')
  .option('--region <region>', 'region of the buckets')
  .option('--access-key <key>', 'default: HOLDFAST_S3_ACCESS_KEY, or where AWS tools look')
  .option('--secret-key-file <file>', 'file with the secret of the access key')
  .option('--path-style', 'endpoint/bucket instead of bucket.endpoint')
  .option('--patience <seconds>', 'longest wait for a lock to end', wholeNumber(1, 100_000))
  .option('--only <names>', 'only these promises, comma separated')
  .action(run(storeCheck));

const vault = program.command('vault').description('a second copy of the archive');
for (const [name, description] of [
  ['copy', 'bring the copy up to the archive; run again, it goes on'],
  ['compare', 'compare the copy with the archive; exits 1 with findings'],
] as const) {
  const each = command(vault, name, description)
    .option('--to <dir>', 'the copy is a folder')
    .option('--to-env <prefix>', 'the copy is buckets: PREFIX_S3_ENDPOINT, PREFIX_S3_BUCKET_PREFIX …')
    .option('--with-claims', 'also the claims: a planned move, every writer stopped');
  if (name === 'copy') each.action(run(copy));
  else
    each
      .option('--deep', 'read and hash every byte on both sides')
      .option('--before <time>', 'only what was stored until then: "asOf" of the last copy')
      .action(run(compare));
}

const index = program.command('index').description('the search index');
command(index, 'rebuild', 'build it anew from the vault').action(run(rebuildIndex));
command(index, 'attest', 'compare it with the vault, both ways; exits 1 with findings')
  .option('--chains <list>', 'only these, comma separated: CHAIN, or CHAIN:FROM-TO in segments (TO not included)')
  .option('--sample <n>', 'only so many segments, chosen at random', wholeNumber(1, 1_000_000_000))
  .option('--seed <n>', 'take the sample of this seed again', wholeNumber(0, 0xffffffff))
  .action(run(attestIndexCommand));
command(index, 'status', 'what it covers').action(run(indexStatus));

const keys = program.command('keys').description('the key ring');
command(keys, 'init', 'make the keys that are missing')
  .option('--dir <dir>', 'the folder of the keys')
  .option('--classes <list>', 'retention classes, name=months[+lengthening], comma separated')
  .option('--escrow-private', 'also make escrow keys here (they belong offline)')
  .action(run(initKeys));
command(keys, 'status', 'which keys there are and which are missing').action(run(keysStatus));
for (const [name, description] of [
  ['seal', 'give the secret files of a key ring into the keeping of AWS KMS'],
  ['unseal', 'take them out of it, to be changed'],
] as const) {
  command(keys, name, description)
    .requiredOption('--dir <dir>', 'the folder of the keys')
    .requiredOption('--kms-key <id>', 'id, ARN or alias of the key')
    .requiredOption('--region <region>', 'its region')
    .option('--endpoint <url>', 'endpoint of KMS, where it is not the one of AWS')
    .action(run((options: Parameters<typeof keepByKms>[1]) => keepByKms(name, options)));
}
command(keys, 'introduce', 'seal the keys of later cohorts that were put into the key ring').action(run(introduceKeys));
command(keys, 'heads', 'how long every chain is now; keep it elsewhere').option('--out <file>', 'write it to a file').action(run(keyHeads));
command(keys, 'sign <statement>', 'sign a prepared statement, where the recovery key is')
  .requiredOption('--recovery-key <file>', 'private recovery key')
  .requiredOption('--out <file>', 'the signed statement')
  .action(run(signStatement));
const each = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];
function bySigners(to: Command): Command {
  return to
    .option('--recovery-key <file>', 'private recovery key; once for each who signs', each)
    .option('--prepare <file>', 'only write what is to be signed')
    .option('--statement <file>', 'what was prepared')
    .option('--signed <file>', 'the statement signed elsewhere; once for each', each);
}
bySigners(command(keys, 'compromised <kid>', 'somebody else has this manifest key: close it now'))
  .requiredOption('--reason <text>', 'why; signed, stored and sealed', reason)
  .option('--heads <file>', 'vouch for what was sealed up to these heads')
  .option('--now', 'vouch for everything that is sealed now')
  .option('--dir <dir>', 'the folder of the keys')
  .action(run(closeCompromised));
const escrow = keys.command('escrow').description('the private keys that are kept offline');
command(escrow, 'drill', 'whether the escrow keys open what is sealed: a random sample; exits 1 with failures')
  .option('--escrow-dir <dir>', 'private escrow keys; default: those of an embedded archive')
  .option('--sample <n>', 'how many wraps', wholeNumber(1, 100_000), 20)
  .option('--seed <hex>', 'take the sample of this seed again')
  .option('--challenge <file>', 'what was asked elsewhere')
  .option('--answer <file>', 'what was answered there')
  .action(run(drillEscrow));
command(escrow, 'challenge', 'write a sample for the place where the escrow keys are')
  .requiredOption('--out <file>', 'the challenge')
  .option('--sample <n>', 'how many wraps', wholeNumber(1, 100_000), 20)
  .action(run(writeChallenge));
command(escrow, 'answer <challenge>', 'open the sample; offline, without the archive')
  .requiredOption('--escrow-dir <dir>', 'private escrow keys')
  .requiredOption('--out <file>', 'the answer')
  .action(run(writeAnswer));
command(escrow, 'move', 'private escrow and recovery keys out of a key ring, to be taken away')
  .requiredOption('--to <dir>', 'where they go')
  .option('--dir <dir>', 'the folder of the keys')
  .action(run(moveEscrow));
const rotation = keys.command('rotate').description('put a new key in the place of an old one, while everything runs');
for (const [name, description, work] of [
  ['manifest', 'the key that signs manifests and claims', rotateManifestKey],
  ['log', 'the key that signs checkpoints', rotateLogKey],
  ['kek', 'the keys that wrap data keys to come', rotateKeks],
] as const) {
  const one = command(rotation, name, description).option('--dir <dir>', 'the folder of the keys').option('--reason <text>', 'why; sealed', reason);
  if (name === 'kek') one.option('--cohort <class/period>', 'only this cohort').action(run(work));
  else one.action(run(work));
}
bySigners(command(rotation, 'recovery', 'one recovery key more, or one less'))
  .option('--add <file>', 'public key that is to count')
  .option('--close <kid>', 'recovery key that is not to count any more')
  .option('--reason <text>', 'why; signed, stored and sealed', reason)
  .action(run(rotateRecovery));

command(program, 'relock', 'extend the locks of what everything depends on to the present horizon; run it again, it only looks')
  .option('--dry-run', 'only count what would be extended')
  .option('--after <key>', 'go on behind this key, where a run was stopped')
  .action(run(relockArchive));

const source = program.command('source').description('ways out of alarms about the source');
for (const [name, description, work] of [
  ['accept-gap', 'seal that records the source no longer has are lost', acceptGap],
  ['new-epoch', 'seal that the source was recreated or moved', newEpoch],
] as const) {
  command(source, name, description)
    .requiredOption('--partition <topic/number>', 'the partition')
    .requiredOption('--reason <text>', 'why; sealed with the decision', reason)
    .action(run(work));
}

program
  .command('witness')
  .description("co-sign the checkpoints of other people's logs; refuses forks and rollbacks")
  .requiredOption('--dir <dir>', 'its folder: key and memory; an empty one becomes a new witness')
  .option('--name <name>', 'its name in every co-signature, on the first run: witness.example.com/anna')
  .option('--log <vkey...>', 'the key of a log; may be repeated')
  .option('--policy <file>', 'the logs of a policy file (C2SP tlog-policy)')
  .option('--port <port>', 'where it listens', wholeNumber(0, 65_535), 8430)
  .option('--host <host>', 'the address it listens on; put a proxy with TLS before it', '127.0.0.1')
  .option('--json', 'one JSON document on stdout, as soon as it listens')
  .action(run(witness));

outliveReaders();
try {
  await program.parseAsync();
} catch (error) {
  const json = wantsJson(process.argv.slice(2));
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.badConfiguration;
    // Its sentence is on stderr already.
    const message = error.message.replace(/^error: /, '');
    if (json && error.exitCode !== 0) print(true, { error: { code: 'bad_configuration', message } }, () => '');
  } else {
    printError(json, error, process.env['HOLDFAST_DEBUG'] === '1');
    process.exitCode = exitCodeOf(error);
  }
}
