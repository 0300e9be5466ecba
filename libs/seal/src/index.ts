export { compareBytes, concat, equalBytes, fromBase64Url, fromHex, fromUtf8, toBase64Url, toHex, utf8, viewOf } from './bytes.js';
export { LEDGER_CLASS, addMonths, endOfPeriod, lockDate, monthOf, periodCode, retainUntil } from './cohort.js';
export type { Cohort } from './cohort.js';
export type { Crypto } from './crypto.js';
export { DayDirectoryBuilder, checkDayProof, dayProof, openDayDirectory } from './days/day-directory.js';
export type { DayConversation, DayDirectory, DayEntryProof, DayProof } from './days/day-directory.js';
export { daySubject, daysChain, messageChainOf, parseDayEvent } from './days/day-events.js';
export type { DayClosed, DayEvent, DirectoriesAttested } from './days/day-events.js';
export { DayRanges, MOST_DAY_SHARES, cohortName, dayOf } from './days/day-ranges.js';
export type { DayRange, RangeCohort } from './days/day-ranges.js';
export { DAY_SHARE, ShareTree, encodeShare, parseShares } from './days/day-share.js';
export type { DayShare } from './days/day-share.js';
export { DIRECTORY_ENTRY, DirectoryBuilder } from './directory.js';
export type { ConversationVisitor, Directory, Unattributed } from './directory.js';
export { CLAIM_TYP, GENESIS_TYP, MANIFEST_TYP, claimSchema, encodeDocument, genesisSchema, manifestSchema, parseDocument } from './documents.js';
export type { Claim, Genesis, Manifest, ManifestObject } from './documents.js';
export { MAX_JWS, encodeJson, parseJson, parseJws, verifyJws } from './jws.js';
export type { ParsedJws } from './jws.js';
export { LeafHasher } from './leaf.js';
export type { LeafFields } from './leaf.js';
export { manifestEntry } from './manifest-entry.js';
export { emptyRoot, inclusionPath, leafHash, rootFromPath, rootInPlace, rootOf } from './merkle.js';
export {
  GENESIS_CLAIM,
  GENESIS_KEY,
  LOG_CHAIN,
  claimKey,
  contentKey,
  contentPrefix,
  manifestKey,
  manifestPrefix,
  paddedSeq,
  parseContentKey,
  parseManifestKey,
  wrapKey,
  wrapPrefix,
} from './names.js';
export type { ContentName, ManifestName } from './names.js';
export { BLOCK_BYTES, ObjectBuilder } from './object-builder.js';
export type { ObjectSecret, SealedObject } from './object-builder.js';
export { deriveObjectKeys, labelCommitment } from './object-keys.js';
export type { ObjectKeys, ObjectPlace } from './object-keys.js';
export { ObjectReader, blockOf, checkHeader, coverageProblem, proofHolds, readTrailer } from './object-reader.js';
export type { BlockRecord, OpenedRecord, RecordVisitor, WalkedObject } from './object-reader.js';
export { ecKeySchema, edKeySchema } from './public-key.js';
export type { LogPublicKey, PublicKey } from './public-key.js';
export { decodeRecord, encodeRecord } from './record-bytes.js';
export type { RecordHead } from './record-bytes.js';
export { SegmentBuilder } from './segment-builder.js';
export type { Loss, SealedSegment } from './segment-builder.js';
export { objectEntry, parseTrailer, segmentRoot } from './trailer.js';
export type { BlockEntry, Trailer } from './trailer.js';
