"""Section 14: everything a verifier checks, over an embedded archive folder."""

import os
import re
from dataclasses import dataclass, field

import days
import wraps
from content import ContentObject, ObjectKeys, context, open_object
from folder import read_claims, read_store
from governance import State, parse_genesis, parse_manifest, parse_statement
from keys import NoKeys
from notation import (
    DAY, Finding, base64url, check, end_of_month, exactly, hash32, is_chain, is_class, lock_date, mth, number, parse_jws, period_of, sha256, text, u,
)

SEQ = re.compile(r"\d{16}", re.A)
MANIFEST_KEY = re.compile(r"m/(.+)/(\d{16})/([0-9a-f]{64})\.jws", re.A)
STATEMENT_KEY = re.compile(r"s/[0-9a-f]{64}\.jws", re.A)
OBJECT_KEY = re.compile(r"o/(.+)/(\d{16})/(0|[1-9]\d*)-([^/]+)-(\d{4}(?:-\d\d)?)-([0-9a-f]{64})\.hfo", re.A)
WRAP_KEY = re.compile(r"(.+)/([^/]+)/(\d{4}(?:-\d\d)?)/(\d{4}-\d\d-\d\d)/([0-9a-f]{32})/(kek|escrow)\.jwe", re.A)
MOST_MANIFEST = 64 * 1024
MOST_INLINE = 24 * 1024


@dataclass
class Segment:
    chain: str
    seq: int
    hash: str
    data: bytes
    versions: list
    header: dict
    body: dict
    signed_by: object
    records: list = field(default_factory=list)


class Verifier:
    def __init__(self, root, pinned=None, keys=None):
        self.findings, self.abandoned, self.reserved, self.statements = [], [], [], []
        self.vault, strays = read_store(os.path.join(root, "vault"))
        self.wraps, wrap_strays = read_store(os.path.join(root, "wraps"))
        self.claims, claim_strays = read_claims(os.path.join(root, "claims"))
        for place, names in (("vault", strays), ("wraps", wrap_strays), ("claims", claim_strays)):
            for name in names:
                self.found("STRAY", f"{place}/{name}", "neither a version nor the state of one")
        self.keys, self.pinned = keys or NoKeys(), pinned
        self.archive, self.states, self.segments = None, [], {}
        self.used, self.used_wraps, self.data_keys, self.lost = set(), set(), {}, []
        self.records = self.opened = self.objects = self.closed_objects = 0
        self.conversations, self.labels = {}, {}

    def found(self, code, where, message):
        self.findings.append({"code": code, "where": where, "message": message})

    def guarded(self, where, action, *arguments):
        try:
            return action(*arguments)
        except Finding as finding:
            self.found(finding.code, where, finding.message)
        except OSError as error:
            self.found("UNREADABLE", where, str(error))
        return None

    def run(self):
        for place, store in (("vault", self.vault), ("wraps", self.wraps)):
            for versions in store.values():
                for version in versions:
                    if version.damaged_state:
                        self.found("STATE_DAMAGED", f"{place}/{version.key}@{version.id}", "the state file does not read as it must")
        genesis = self.guarded("genesis.jws", self.genesis)
        if genesis is None:
            return self.summary()
        self.states = [State(genesis)]
        self.candidates = self.parse_manifests()
        chains = sorted(self.candidates, key=lambda chain: (chain != "gov", chain))
        if "gov" not in self.candidates:
            self.found("CHAIN_MISSING", "gov", "no manifest")
        for chain in chains:
            self.segments[chain] = self.committed(chain, self.candidates[chain])
            for segment in self.segments[chain]:
                self.guarded(f"{chain}/{segment.seq}", self.segment, segment)
                if chain == "gov":
                    self.fold(segment)
        for chain in self.states[-1].chains:
            self.empty_chain(chain)
        for chain in [chain for chain in self.segments if chain.startswith("days/")]:
            self.guarded(chain, days.judge, self, chain)
        self.check_claims()
        self.check_wraps()
        self.rest()
        return self.summary()

    def summary(self):
        return {
            "archive": self.archive and self.archive.hex(),
            "chains": {chain: {"segments": len(s), "records": sum(x.body["records"] for x in s)} for chain, s in self.segments.items()},
            "segments": sum(len(s) for s in self.segments.values()),
            "records": self.records,
            "opened": self.opened,
            "objects": self.objects,
            "objectsWithoutKey": self.closed_objects,
            "unclaimed": [f"{chain}/{s.seq:016d}" for chain, own in self.segments.items() for s in own if f"{chain}/{s.seq:016d}" not in self.claims],
            "abandoned": sorted(self.abandoned),
            "statements": sorted(self.statements),
            "reserved": sorted(self.reserved),
            "findings": self.findings,
        }

    # Genesis and locks

    def genesis(self):
        versions = self.vault.get("genesis.jws", [])
        check(versions, "GENESIS", "missing")
        data = versions[0].read()
        if self.pinned:
            data = next((v.read() for v in versions if sha256(v.read()).hex() == self.pinned), data)
        header, payload, signed_by = parse_jws(data, "holdfast-genesis")
        genesis = parse_genesis(payload)
        check(signed_by(genesis["manifestKey"]), "SIGNATURE", "not signed by its own key")
        self.archive = sha256(data)
        check(self.pinned in (None, self.archive.hex()), "GENESIS", f"is {self.archive.hex()}")
        for version in versions:
            self.used.add((version.key, version.id))
            check(version.read() == data, "SHADOW_VERSION", f"{version.id} has other bytes")
        self.lock("genesis.jws", versions, end_of_month(genesis["created"], 12))
        return genesis

    def lock(self, where, versions, least, mode="COMPLIANCE"):
        """At least one version is locked as it must be, the one that counts: the first that was made with the right lock."""
        if not any(v.mode == mode and v.until >= least for v in versions):
            self.found("LOCK", where, f"no version with {mode} until {least}")

    # Which manifests count

    def parse_manifests(self):
        found = {}
        for key, versions in self.vault.items():
            match = MANIFEST_KEY.fullmatch(key)
            if match is None or not is_chain(match[1]):
                continue
            chain, seq = match[1], int(match[2])
            for version in versions:
                data = version.read()
                self.used.add((key, version.id))
                if sha256(data).hex() != match[3]:
                    self.found("HASH", f"{key}@{version.id}", "bytes are not those its key names")
                    continue
                known = found.setdefault(chain, {}).setdefault(seq, {}).get(match[3])
                if known:
                    known.versions.append(version)
                    continue
                segment = self.guarded(f"{key}@{version.id}", self.parse, chain, seq, match[3], data, version)
                if segment:
                    found[chain][seq][match[3]] = segment
        return found

    def parse(self, chain, seq, digest, data, version):
        check(len(data) <= MOST_MANIFEST, "SHAPE", "longer than 64 KiB")
        header, payload, signed_by = parse_jws(data, "holdfast-manifest")
        return Segment(chain, seq, digest, data, [version], header, parse_manifest(payload), signed_by)

    def claim(self, chain, seq):
        data = self.claims.get(f"{chain}/{seq:016d}")
        if data is None:
            return None
        header, claim, signed_by = parse_jws(data, "holdfast-claim")
        members = {"format": text, "archive": hash32, "chain": text, "seq": number, "manifest": hash32, "version": text}
        exactly("claim", claim, members)
        check(claim["format"] == "holdfast.claim/1", "CLAIM", "another format")
        check(claim["archive"] == self.archive.hex() and claim["chain"] == chain and claim["seq"] == seq, "CLAIM", "names another place")
        return claim, header, signed_by

    def committed(self, chain, by_seq):
        """From the head down along `prev`. The head: named by a governance head, claimed, or the only candidate."""
        top = max(by_seq)
        head = by_seq[top]
        if chain == "gov":
            named = self.governance_heads(top + 1)
            head = {digest: s for digest, s in head.items() if digest in named} or head
        if len(head) > 1:
            claim = self.guarded(f"claims/{chain}/{top:016d}", self.claim, chain, top)
            head = {digest: s for digest, s in head.items() if claim and digest == claim[0]["manifest"]} or head
        if len(head) != 1:
            self.found("HEAD", f"{chain}/{top}", f"{len(head)} candidates and nothing that decides")
        if not head:
            return []
        path, wanted = [], min(head)
        for seq in range(top, -1, -1):
            segment = by_seq.get(seq, {}).get(wanted)
            if segment is None:
                self.found("MANIFEST_MISSING", f"{chain}/{seq}", f"no manifest {wanted}")
                break
            path.append(segment)
            wanted = segment.body["prev"]
        path.reverse()
        if path and path[0].seq == 0:
            start = self.archive.hex() if chain == "gov" else "0" * 64
            if wanted != start:
                self.found("PREV", f"{chain}/0", "does not begin where it must")
        chosen = {s.hash for s in path}
        self.lost += [s for by_hash in by_seq.values() for s in by_hash.values() if s.hash not in chosen]
        return path

    def abandoned_manifest(self, segment):
        """An attempt of a writer who lost the claim is signed like any other; whoever has no key planted it."""
        key = self.states[-1].manifest_keys.get(segment.header["kid"])
        check(key is not None and segment.signed_by(key), "SIGNATURE", "an attempt that no manifest key signed")
        for name, wanted in (("archive", self.archive.hex()), ("chain", segment.chain), ("seq", segment.seq)):
            check(segment.body[name] == wanted, "PLACE", f"{name} is {segment.body[name]}")
        self.abandoned += [f"{v.key}@{v.id}" for v in segment.versions]

    def governance_heads(self, following):
        """Hashes that manifests of any chain name as the last of the first `following` segments of gov."""
        segments = [s for by_seq in self.candidates.values() for by_hash in by_seq.values() for s in by_hash.values()]
        return {s.body["governance"]["hash"] for s in segments if s.body["governance"]["next"] == following}

    def at(self, chain, seq):
        return next((s for s in self.segments.get(chain, []) if s.seq == seq), None)

    # One segment

    def state_of(self, body):
        """The fold that a manifest obeys."""
        head = body["governance"]
        check(head["next"] < len(self.states), "GOVERNANCE_HEAD", f"obeys {head['next']} segments of gov, there are {len(self.states) - 1}")
        segments = self.segments["gov"]
        wanted = self.archive.hex() if head["next"] == 0 else segments[head["next"] - 1].hash
        check(head["hash"] == wanted, "GOVERNANCE_HEAD", "names another manifest of gov")
        return self.states[head["next"]]

    def segment(self, segment):
        body, chain, seq = segment.body, segment.chain, segment.seq
        where = f"{chain}/{seq}"
        self.records += body["records"]
        state = self.state_of(body)
        key = state.manifest_keys.get(segment.header["kid"])
        check(key is not None, "SIGNATURE", "signed by a key that gov had not introduced")
        check(segment.signed_by(key), "SIGNATURE", "does not verify")
        self.guarded(where, self.standing, segment.header["kid"], chain, seq)
        for name, wanted in (("archive", self.archive.hex()), ("chain", chain), ("seq", seq)):
            check(body[name] == wanted, "PLACE", f"{name} is {body[name]}")
        if seq == 0 or self.at(chain, seq - 1):
            self.guarded(where, self.links, body, self.at(chain, seq - 1))
        if chain != "gov" and seq == 0:
            if chain not in state.chains:
                self.found("CHAIN_UNREGISTERED", where, "the head obeyed does not register this chain")
            elif "source" in body and state.chains[chain] not in (None, body["source"]["cluster"]):
                self.found("SOURCE", where, "another cluster than the one registered")
        self.lock(where, segment.versions, end_of_month(body["clock"], state.horizon()))
        roots = [u(2, o["no"]) + u(4, o["records"]) + bytes.fromhex(o["root"]) for o in body["objects"]]
        if mth(roots).hex() != body["root"]:
            self.found("SEGMENT_ROOT", where, "is not the root of the object entries")
        complete, records = True, []
        for o in body["objects"]:
            got = self.guarded(f"{where} object {o['no']}", self.object, segment, o, state)
            complete = complete and got is not None
            records += [(*record, o["enc"] == "none") for record in got or []]
        records.sort(key=lambda item: item[0].offset)
        segment.records = records
        self.guarded(where, self.coverage, body, records if complete else None)

    def links(self, body, before):
        if before is None:
            check(body["time"] == body["clock"], "TIME", "the first time is not the clock")
            return
        last = before.body
        check(body["prev"] == before.hash, "PREV", "names another manifest")
        check(body["first"] == last["next"], "COVERAGE", f"begins at {body['first']}, the one before ends at {last['next']}")
        check(body["time"] == max(last["time"], body["clock"]), "TIME", "is not the greater of the time before and the clock")
        check(body["governance"]["next"] >= last["governance"]["next"], "GOVERNANCE_HEAD", "falls")
        check("closing" not in last, "CLOSED", "the segment before closes the chain")

    def coverage(self, body, records):
        """Records + gaps + accepted losses fill first … next; exactly, when the records are open."""
        first, following, holes = int(body["first"]), int(body["next"]), body["holes"]
        expected = first + body["records"] + int(holes["sum"])
        check(expected <= following, "COVERAGE", f"{expected} is above next")
        check(holes["count"] <= body["records"] and (holes["count"] == 0) == (holes["sum"] == "0"), "COVERAGE", "holes do not agree")
        check(holes["count"] <= int(holes["sum"]), "COVERAGE", "holes do not agree")
        losses, at = [(int(x["from"]), int(x["to"])) for x in holes["losses"]], expected
        for start, end in losses:
            check(first <= start < end <= following, "COVERAGE", "a loss outside of the segment")
            known = [(a, b) for chain, a, b in self.state_of(body).losses if chain == body["chain"]]
            check(any(a <= start and end <= b for a, b in known), "COVERAGE", f"loss {start} … {end} is not accepted in gov")
        for start, end in sorted(losses):
            at = max(at, end) if start <= at else at
        check(at >= following, "COVERAGE", f"offsets {at} … {following} are neither records nor gaps nor accepted losses")
        if body["chain"].split("/")[0] in ("gov", "access", "days"):
            check(body["seq"] > 0 or first == 0, "COVERAGE", "a ledger chain begins at 0")
            check(holes["count"] == 0 and expected == following, "COVERAGE", "holes in a ledger chain")
        if records is None:
            return
        expected = first
        for record, *_ in records:
            check(record.offset == expected + record.gap, "COVERAGE", f"record {record.offset} with gap {record.gap}, expected {expected}")
            expected = record.offset + 1
        gaps = [record.gap for record, *_ in records if record.gap]
        check(holes["count"] == len(gaps) and int(holes["sum"]) == sum(gaps), "COVERAGE", "holes are not those of the records")

    # One object

    def object(self, segment, o, state):
        """[(Record, bytes)], or None when there is no key at hand."""
        cohort, clock = o["cohort"], segment.body["clock"]
        where = f"{segment.chain}/{segment.seq} object {o['no']}"
        self.objects += 1
        if "inline" in o:
            data = base64url(o["inline"])
            check(len(data) <= MOST_INLINE, "SHAPE", "more than 24 KiB inline")
        else:
            data = self.stored(segment, o, where)
        self.guarded(where, self.retention, o, cohort, o["enc"] == "none", clock, state)
        check(len(data) == o["size"], "SIZE", f"{len(data)} bytes, not {o['size']}")
        check(sha256(data).hex() == o["sha256"], "HASH", "bytes are not those of the manifest")
        obj = ContentObject(data, o["no"], 0 if o["enc"] == "none" else 1)
        trailer = obj.trailer
        check(trailer.length == o["trailer"] and len(trailer.entries) == o["blocks"], "TRAILER", "is not as the manifest says")
        check(trailer.directory_entries == o["directory"]["entries"], "TRAILER", "another number of directory entries")
        check(obj.records == o["records"], "TRAILER", "another number of records")
        check(obj.root.hex() == o["root"], "OBJECT_ROOT", "is not the root of the block entries")
        first, following = int(segment.body["first"]), int(segment.body["next"])
        for entry in trailer.entries:
            check(first <= entry.first_offset and entry.last_offset < following, "COVERAGE", "offsets outside of the segment")
        keys, ctx = None, context(self.archive, segment.chain, segment.seq, o["no"])
        if o["enc"] != "none":
            data_key = self.data_key(segment.chain, cohort, o["dataKey"], o["wraps"], o["retainUntil"], state, where)
            if data_key is None:
                self.closed_objects += 1
                return None
            keys = ObjectKeys(data_key, bytes.fromhex(o["random"]), ctx)
            check(keys.commitment.hex() == o["commitment"], "KEY_COMMITMENT_MISMATCH", "the data key is another one")
            check(keys.label_commitment.hex() == o["directory"]["labelCommitment"], "LABEL_COMMITMENT", "does not match")
        records, root, loose, loose_root, conversations = open_object(obj, keys, ctx, cohort)
        self.conversations[segment.chain, segment.seq, o["no"]] = conversations
        self.labels[segment.chain, segment.seq, o["no"]] = keys and keys.label
        directory = o["directory"]
        check(root.hex() == directory["root"], "DIRECTORY", "another root")
        check(loose == directory["unattributed"]["count"] and loose_root.hex() == directory["unattributed"]["root"], "DIRECTORY", "unattributed")
        self.opened += len(records)
        return records

    def stored(self, segment, o, where):
        cohort = o["cohort"]
        wanted = f"o/{segment.chain}/{segment.seq:016d}/{o['no']}-{cohort['class']}-{cohort['period']}-{o['sha256']}.hfo"
        check(o["key"] == wanted, "PLACE", f"key is {o['key']}")
        versions = self.vault.get(o["key"], [])
        for version in versions:
            self.used.add((version.key, version.id))
        named = next((v for v in versions if v.id == o["version"]), None)
        if named is None:  # A copy or a restore: any other version with these bytes.
            same = [v for v in versions if sha256(v.read()).hex() == o["sha256"]]
            named = next((v for v in same if v.mode == "COMPLIANCE" and v.until >= o["retainUntil"]), same[0] if same else None)
        check(named is not None, "OBJECT_MISSING", f"{o['key']}@{o['version']}")
        if named.mode != "COMPLIANCE" or named.until < o["retainUntil"]:
            self.found("LOCK", where, f"{named.mode} until {named.until}, not COMPLIANCE until {o['retainUntil']}")
        data = named.read()
        for other in versions:
            if other.read() != data:
                self.found("SHADOW_VERSION", f"{other.key}@{other.id}", "has other bytes than the version of the manifest")
        return data

    def retention(self, o, cohort, clear, clock, state):
        until = o["retainUntil"]
        if cohort["number"] == 0:
            years = (clock[:4],) if clear else (clock[:4], f"{int(clock[:4]) - 1:04d}")
            check(cohort["period"] in years, "COHORT", f"period {cohort['period']}, sealed {clock}")
            check(until >= end_of_month(clock, state.horizon()), "RETENTION", f"{until} is before the horizon")
            return
        known = state.classes.get(cohort["class"])
        check(known is not None and known["number"] == cohort["number"], "COHORT", f"class {cohort['class']} {cohort['number']} is not defined")
        check(until == end_of_month(until, 0) and until[:7] == cohort["period"], "COHORT", f"{until} is not the end of {cohort['period']}")
        least, most = (end_of_month(clock, known["months"] + more) for more in (0, known["lengthenMonths"]))
        check(least <= until <= most, "RETENTION", f"{until} is not within {least} … {most}")

    def standing(self, kid, chain, seq):
        """Closed keys, by everything that gov says, whenever it said it."""
        how = self.states[-1].standing(kid, chain, seq)
        check(how != "closed", "KEY_CLOSED", f"signed by {kid}, which was closed before this number")
        check(how != "disputed", "KEY_DISPUTED", f"signed by {kid}, and nobody vouches for it")

    # Data keys

    def data_key(self, chain, cohort, place, pinned, until, state, where):
        """The 32 bytes, or None without a key at hand. The wraps are checked either way."""
        found, prefix = [], f"{chain}/{cohort['class']}/{cohort['period']}/{place}"
        known = state.cohort_keys.get((cohort["class"], cohort["period"]))
        for name in ("kek.jwe", "escrow.jwe"):
            key = f"{prefix}/{name}"
            versions = self.wraps.get(key, [])
            if not versions:
                self.found("WRAP_MISSING", where, key)
                continue
            if not any(v.mode in ("GOVERNANCE", "COMPLIANCE") and v.until >= until for v in versions):
                self.found("LOCK", f"wraps/{key}", f"not locked until {until}")
            if not any(sha256(version.read()).hex() == pinned[name[:-4]] for version in versions):
                self.found("WRAP", f"wraps/{key}", "no version has the bytes that the manifest pins")
            if len({version.read() for version in versions}) > 1:
                self.found("SHADOW_VERSION", f"wraps/{key}", "versions with different bytes")
            for version in versions:
                self.used_wraps.add((key, version.id))
                if (key, version.id) not in self.data_keys:
                    self.data_keys[key, version.id] = self.guarded(f"wraps/{key}@{version.id}", self.unwrap, version, chain, cohort, place, name)
                header, plain = self.data_keys[key, version.id] or (None, None)
                if header and (known is None or header["kid"] not in {pair[name == "escrow.jwe"] for pair in known}):
                    self.found("WRAP", f"wraps/{key}", "wrapped for a key that gov had not introduced for this cohort")
                if plain is not None:
                    found.append(plain)
        check(len(set(found)) < 2, "WRAP", f"the wraps of {prefix} hold different keys")
        return found[0] if found else None

    def unwrap(self, version, chain, cohort, place, name):
        data = version.read()
        header, *_ = wraps.parse_wrap(data, name)
        wanted = {"archive": self.archive.hex(), "chain": chain, "dataKey": place[11:], "class": cohort["class"], "period": cohort["period"]}
        check(header["hf"] == wanted, "WRAP", "names another data key")
        if name == "kek.jwe":
            kek = self.keys.kek(cohort["class"], cohort["period"], header["kid"])
            return header, kek and wraps.open_with_kek(data, kek)
        private = self.keys.escrow(cohort["class"], cohort["period"], header["kid"])
        return header, private and wraps.open_with_escrow(data, private)

    # Governance, claims, what is left

    def fold(self, segment):
        state = self.states[-1].copy()
        for record, _, clear in segment.records:
            self.guarded(f"gov record {record.offset}", state.apply, record, clear)
        self.states.append(state)

    def empty_chain(self, chain):
        """Registered and nothing sealed yet: nothing to check, but shown in the summary."""
        self.segments.setdefault(chain, [])

    def check_claims(self):
        signers = self.states[-1].manifest_keys
        for key in self.claims:
            chain, _, seq = key.rpartition("/")
            if chain == "log" and SEQ.fullmatch(seq):  # Claims of batches: docs/transparency-log.md.
                self.reserved.append(f"claims/{key}")
                continue
            if SEQ.fullmatch(seq) is None or not (is_chain(chain) or key == "genesis/" + "0" * 16):
                self.found("ORPHAN", f"claims/{key}", "not the name of a claim")
                continue
            self.guarded(f"claims/{key}", self.check_claim, chain, int(seq), signers)

    def check_claim(self, chain, seq, signers):
        if chain == "genesis":
            check(self.claims[f"genesis/{seq:016d}"] == self.archive.hex().encode(), "CLAIM", "names another genesis")
            return
        claim, header, signed_by = self.claim(chain, seq)
        key = signers.get(header["kid"])
        check(key is not None and signed_by(key), "SIGNATURE", "not signed by a manifest key")
        check(self.states[-1].standing(header["kid"], chain, seq) != "closed", "KEY_CLOSED", "signed by a key that was closed before")
        segment = self.at(chain, seq)
        check(segment is not None, "MANIFEST_MISSING", f"claimed: {claim['manifest']}")
        check(claim["manifest"] == segment.hash, "CLAIM", "names another manifest than the chain has")
        check(claim["version"] in {v.id for v in segment.versions}, "CLAIM", f"no version {claim['version']}")

    def check_wraps(self):
        """Wraps no manifest names: of a key that was made and not used, if they read as wraps of their place."""
        for key, versions in self.wraps.items():
            for version in versions:
                if (key, version.id) not in self.used_wraps:
                    self.guarded(f"wraps/{key}@{version.id}", self.unused_wrap, key, version)

    def unused_wrap(self, key, version):
        match = WRAP_KEY.fullmatch(key)
        check(match is not None and is_chain(match[1]) and is_class(match[2]) and DAY.fullmatch(match[4]), "ORPHAN", "not the name of a wrap")
        chain, class_name, period, day, data_key, name = match.groups()
        check(chain in self.segments or chain in self.states[-1].chains, "ORPHAN", "chain is not registered")
        self.unwrap(version, chain, {"class": class_name, "period": period}, f"{day}/{data_key}", name + ".jwe")
        self.abandoned.append(f"wraps/{key}@{version.id}")

    def rest(self):
        for digest in self.states[-1].statements:
            if f"s/{digest}.jws" not in self.vault:
                self.found("STATEMENT_MISSING", f"s/{digest}.jws", "gov names it")
        for segment in self.lost:
            self.guarded(segment.versions[0].key, self.abandoned_manifest, segment)
        for key, versions in self.vault.items():
            for version in versions:
                if (key, version.id) not in self.used:
                    self.guarded(f"{key}@{version.id}", self.leftover, key, version)

    def statement(self, key, version):
        """A signed statement of `claims repair`, section 13."""
        data = version.read()
        if key[2:-4] in self.states[-1].key_statements:
            self.key_statement(key, version, data)
            return
        header, payload, signed_by = parse_jws(data, "holdfast-statement")
        statement = parse_statement(payload)
        check(sha256(data).hex() == key[2:-4], "HASH", "bytes are not those its key names")
        signer = next((jwk for jwk in self.states[0].recovery_keys if jwk["kid"] == header["kid"]), None)
        check(signer is not None and signed_by(signer), "SIGNATURE", "not signed by a recovery key of the genesis")
        check(version.mode == "COMPLIANCE", "LOCK", "not locked")
        check(statement["archive"] == self.archive.hex(), "PLACE", "of another archive")
        chain, seq, manifest = statement["chain"], statement["seq"], statement["manifest"]
        segment = self.at(chain, seq)
        check(manifest is None or (segment is not None and segment.hash == manifest), "CLAIM", f"{chain}/{seq} has another manifest now")
        named = self.states[-1].statements.get(key[2:-4])
        check(named in (None, (chain, seq)), "GOVERNANCE", "gov names it for another place")
        (self.abandoned if named is None else self.statements).append(f"{key}@{version.id}")

    def key_statement(self, key, version, data):
        """A statement about a key, section 13; who had to sign when is the matter of a full verifier."""
        header, payload, signed_by = parse_jws(data, "holdfast-key-statement")
        check(sha256(data).hex() == key[2:-4], "HASH", "bytes are not those its key names")
        check(payload.get("format") == "holdfast.key-statement/1" and payload.get("archive") == self.archive.hex(), "PLACE", "of another archive")
        signer = next((jwk for jwk in self.states[-1].recovery_keys if jwk["kid"] == header["kid"]), None)
        check(signer is not None and signed_by(signer), "SIGNATURE", "not signed by a recovery key")
        check(version.mode == "COMPLIANCE", "LOCK", "not locked")
        self.statements.append(f"{key}@{version.id}")

    def leftover(self, key, version):
        if STATEMENT_KEY.fullmatch(key):
            self.statement(key, version)
            return
        if key.startswith("t/"):
            self.reserved.append(f"{key}@{version.id}")
            return
        match = OBJECT_KEY.fullmatch(key)
        check(match is not None and match[1] in self.segments, "ORPHAN", "nothing names it")
        check(int(match[2]) <= len(self.segments[match[1]]), "ORPHAN", "above the head of its chain")
        check(sha256(version.read()).hex() == match[6], "HASH", "bytes are not those its key names")
        self.abandoned.append(f"{key}@{version.id}")


def dump(verifier):
    """Every record, chain by chain in offset order."""
    for chain, segments in sorted(verifier.segments.items()):
        for segment in segments:
            for record, data, _ in segment.records:
                yield {"chain": chain, "offset": str(record.offset), "sha256": sha256(data).hex()}
