export { fromBase64, fromDecimal, toBase64 } from './base64.js';
export { BATCH_HEADER_BYTES, MAX_BATCH_BYTES, MAX_BATCH_ENTRIES, encodeBatch, parseBatch } from './batch.js';
export type { Batch } from './batch.js';
export { addSignatures, formatCheckpointText, openCheckpoint, parseCheckpointText, signCheckpoint } from './checkpoint.js';
export type { Checkpoint, OpenCheckpoint } from './checkpoint.js';
export { cosign, cosignatureMessage, parseCosignature, verifyCosignature } from './cosignature.js';
export type { Cosignature, Signer } from './cosignature.js';
export { encodeEntry, parseEntry } from './entry.js';
export type { LogEntry, ManifestEntry, TickEntry, UnknownEntry } from './entry.js';
export { Heads } from './heads.js';
export type { ChainHead } from './heads.js';
export { LogFold } from './log-fold.js';
export type { AppliedBatch, LogEnd, LogFacts, NewBatch } from './log-fold.js';
export {
  BATCH_PREFIX,
  CHECKPOINT_PREFIX,
  LOG_PREFIX,
  STATE_PREFIX,
  TILE_PREFIX,
  TOKEN_PREFIX,
  batchKey,
  batchPrefix,
  checkpointKey,
  parseLogKey,
  stateKey,
  tileKey,
  tokenKey,
} from './log-keys.js';
export type { LogKey } from './log-keys.js';
export { NOTE_LIMITS, formatNote, formatSignatures, parseNote, parseSignatures, verifyNote } from './note.js';
export type { Note, NoteLimits, ValidSignature } from './note.js';
export { cosigners, formatPolicy, parsePolicy, satisfies } from './policy.js';
export type { Cosigner, Policy, PolicyAuthority, PolicyGroup, PolicyLog, PolicyWitness } from './policy.js';
export { consistencyProof, inclusionProof } from './proofs.js';
export type { HashReader } from './proofs.js';
export { encodeState, parseState } from './state.js';
export type { LogState } from './state.js';
export { encodeEntries, parseEntries, parseTilePath, tileInTree, tilePath } from './tiles.js';
export type { TileName } from './tiles.js';
export { formatTlogProof, parseTlogProof } from './tlog-proof.js';
export type { TlogProof } from './tlog-proof.js';
export { HASH_BYTES, TILE_WIDTH, TreeEdge, checkConsistency, levelsOf, nodeHash, partialWidth, rootFromInclusion } from './tree.js';
export type { FullTile } from './tree.js';
export { COSIGNATURE, LOG_SIGNATURE, formatVkey, isKeyName, keyIdOf, logKeyOf, logKeysOf, parseVkey, verifierKey } from './vkey.js';
export type { LogKeyState, NoteSignature, SignatureType, VerifierKey } from './vkey.js';
export {
  MAX_ADD_CHECKPOINT,
  WITNESS_SIZE_TYPE,
  encodeAddCheckpoint,
  judgeAddCheckpoint,
  parseAddCheckpoint,
  parseWitnessSize,
} from './witness-protocol.js';
export type { AddCheckpoint, WitnessAnswer, WitnessMemory } from './witness-protocol.js';
export { LOG_CHAIN } from '@holdfast/seal';
