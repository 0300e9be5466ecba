"""Sections 8, 9, 10: shape of manifests and genesis, the events of `gov`, and their fold."""

import copy
import json

from content import Record
from notation import (
    check, decimal, exactly, hash32, is_chain, is_class, lock_date, matches, millis, number, period_of, point_of, public_jwk, strict_json, text, time,
)

COMMAND = matches("[0-9a-f]{32}")
SAFE = 1 << 53


def of(shape, optional=()):
    def test(value):
        exactly("member", value, shape, optional)
        return True

    return test


def array_of(test, most=None):
    return lambda value: isinstance(value, list) and (most is None or len(value) <= most) and all(test(item) for item in value)


def jwk(value, curve="P-256"):
    return public_jwk("JWK", value, curve) is value


def parse_genesis(payload):
    check(isinstance(payload, dict) and payload.get("suite") == 1, "UNKNOWN_SUITE", "genesis")
    ledger = {"period": period_of(0), "kek": text, "escrow": jwk}
    log = {"origin": text, "key": lambda value: jwk(value, "Ed25519")}
    return exactly(
        "genesis",
        payload,
        {
            "format": lambda value: value == "holdfast.genesis/1",
            "suite": number,
            "random": hash32,
            "created": time,
            "manifestKey": jwk,
            "log": of(log),
            "ledger": of(ledger),
            "recovery": array_of(jwk),
        },
    )


def parse_statement(payload):
    members = {
        "format": lambda value: value == "holdfast.statement/1",
        "archive": hash32,
        "chain": is_chain,
        "seq": number,
        "claim": hash32,
        "manifest": lambda value: value is None or hash32(value),
        "reason": text,
        "principal": text,
        "time": time,
    }
    return exactly("statement", payload, members)


LOSS = {"from": decimal, "to": decimal, "reason": text}
OBJECT = {
    "no": number,
    "cohort": of({"class": is_class, "number": number, "period": text}),
    "enc": lambda value: value in ("none", "A256GCM"),
    "records": number,
    "root": hash32,
    "blocks": number,
    "size": number,
    "sha256": hash32,
    "trailer": number,
    "directory": of(
        {"root": hash32, "entries": number, "unattributed": of({"count": number, "root": hash32}), "labelCommitment": hash32},
        ["labelCommitment"],
    ),
    "retainUntil": lock_date,
    "key": text,
    "version": text,
    "inline": text,
    "dataKey": matches(r"\d{4}-\d\d-\d\d/[0-9a-f]{32}"),
    "wraps": of({"kek": hash32, "escrow": hash32}),
    "random": hash32,
    "commitment": hash32,
}
MANIFEST = {
    "format": lambda value: value == "holdfast.manifest/1",
    "suite": number,
    "archive": hash32,
    "chain": is_chain,
    "seq": number,
    "prev": hash32,
    "first": decimal,
    "next": decimal,
    "records": number,
    "holes": of({"count": number, "sum": decimal, "losses": array_of(of(LOSS), 100)}),
    "root": hash32,
    "objects": array_of(of(OBJECT, ["key", "version", "inline", "dataKey", "wraps", "random", "commitment"])),
    "governance": of({"next": number, "hash": hash32}),
    "time": time,
    "clock": time,
    "software": text,
    "source": of(
        {"cluster": text, "leaderEpoch": number, "uncompared": of({"low": decimal, "high": decimal})},
        ["leaderEpoch", "uncompared"],
    ),
    "closing": of({"reason": text, "successor": text}),
}


def parse_manifest(payload):
    check(isinstance(payload, dict) and payload.get("suite") == 1, "UNKNOWN_SUITE", "manifest")
    m = exactly("manifest", payload, MANIFEST, ["source", "closing"])
    chain, clear_allowed, ledger = m["chain"], m["chain"] == "gov", not m["chain"].startswith("msg/")
    seen = set()
    for no, o in enumerate(m["objects"]):
        what, clear, cohort = f"object {no}", o["enc"] == "none", o["cohort"]
        check(o["no"] == no and no < 1 << 16, "SHAPE", f"{what}: number {o['no']}")
        check((cohort["class"] == "ledger") == (cohort["number"] == 0), "SHAPE", f"{what}: class number 0 is the class ledger")
        check((cohort["class"] == "ledger") == ledger, "SHAPE", f"{what}: class {cohort['class']} in chain {chain}")
        check(cohort["number"] < 1 << 16 and period_of(cohort["number"])(cohort["period"]), "SHAPE", f"{what}: cohort")
        check((cohort["class"], cohort["period"], clear) not in seen, "SHAPE", f"{what}: a second object of its cohort")
        seen.add((cohort["class"], cohort["period"], clear))
        check(not clear or clear_allowed or (chain.startswith("days/") and no == 0), "SHAPE", f"{what}: not encrypted")
        for name in ("dataKey", "wraps", "random", "commitment"):
            check((name in o) != clear, "SHAPE", f"{what}: {name}")
        check(("labelCommitment" in o["directory"]) != clear, "SHAPE", f"{what}: labelCommitment")
        check(("inline" in o) != ("key" in o) and ("key" in o) == ("version" in o), "SHAPE", f"{what}: neither stored nor inline, or both")
        check("inline" not in o or ledger, "SHAPE", f"{what}: inline outside of a ledger chain")
    check(sum(o["records"] for o in m["objects"]) == m["records"], "SHAPE", "records of the objects do not add up")
    check(("source" in m) <= chain.startswith("msg/"), "SHAPE", "source outside of a message chain")
    check("source" in m or not chain.startswith("msg/") or m["seq"] > 0, "SHAPE", "source is missing in the first segment")
    return m


EVENTS = {
    "archive.created": {"name": text, "timeZone": text, "profile": text},
    "key.introduced": {
        "use": lambda value: value in ("manifest", "log", "recovery"), "jwk": lambda value: isinstance(value, dict), "statements": array_of(hash32, 10),
    },
    "key.closed": {
        "use": lambda value: value in ("manifest", "log", "recovery"), "kid": text,
        "chains": array_of(of({"chain": lambda value: value == "log" or is_chain(value), "next": number, "accepted": number}, ["accepted"])),
        "logSize": number, "reason": text, "statements": array_of(hash32, 10),
    },
    "escrow.drilled": {
        "seed": COMMAND, "wraps": number, "sampled": number, "opened": number, "failed": number, "records": number, "begun": time,
    },
    "relock.started": {"months": number},
    "relock.done": {"looked": number, "extended": number},
    "cohort-keys.introduced": {"class": is_class, "period": text, "kek": text, "escrow": jwk},
    "class.defined": {"name": is_class, "number": lambda value: number(value) and 1 <= value < 1 << 16, "months": number, "lengthenMonths": number},
    "policy.set": {"defaultClass": text},
    "chain.registered": {"chain": is_chain, "cluster": text},
    "source.gap.accepted": {"chain": is_chain, "from": decimal, "to": decimal, "reason": text},
    "import.started": {
        "importId": hash32, "format": text, "topic": text, "timestamp": decimal, "records": number,
        "offsets": lambda value: isinstance(value, list) and all(decimal(one) for one in value),
    },
    "import.resumed": {"importId": hash32},
    "import.finished": {"importId": hash32},
    "claims.repaired": {"chain": is_chain, "seq": number, "statement": hash32, "reason": text},
    "source.epoch.opened": {"chain": is_chain, "successor": is_chain, "cluster": text, "reason": text},
}
OPTIONAL = {"chain.registered": ["cluster"], "key.introduced": ["statements"], "key.closed": ["logSize", "statements"]}
COMMON = {"type": text, "id": COMMAND, "time": time, "principal": text}


class State:
    """What `gov` says after a number of segments."""

    def __init__(self, genesis):
        first = genesis["manifestKey"]
        self.manifest_keys = {first["kid"]: first}
        self.cohort_keys = {("ledger", genesis["ledger"]["period"]): {(genesis["ledger"]["kek"], genesis["ledger"]["escrow"]["kid"])}}
        self.classes, self.chains, self.losses, self.commands = {}, {}, [], set()
        self.default_class, self.events = None, {}
        self.imports = {}
        self.recovery_keys, self.statements = list(genesis["recovery"]), {}
        self.closed, self.closed_recovery, self.relocking, self.key_statements = {}, set(), None, set()

    def copy(self):
        return copy.deepcopy(self)

    def horizon(self):
        return max((c["months"] + c["lengthenMonths"] for c in self.classes.values()), default=0) + 12

    def apply(self, record: Record, clear):
        event = parse_event(record)
        kind, rest = event["type"], {name: value for name, value in event.items() if name not in COMMON}
        self.events[kind] = self.events.get(kind, 0) + 1
        command = (event["id"], kind, record.key)
        check(command not in self.commands, "GOVERNANCE", f"a second {kind} of command {event['id']} about the same subject")
        self.commands.add(command)
        check(clear == (kind in EVENTS), "GOVERNANCE", f"{kind} is {'clear' if clear else 'encrypted'}")
        if not clear:
            return event
        check((record.offset == 0) == (kind == "archive.created"), "GOVERNANCE", "archive.created is the first event and only that")
        exactly(kind, rest, EVENTS[kind], OPTIONAL.get(kind, []))
        getattr(self, "_" + kind.replace(".", "_").replace("-", "_"), lambda event: None)(rest)
        return event

    def _key_introduced(self, event):
        key = public_jwk("key.introduced", event["jwk"], "Ed25519" if event["use"] == "log" else "P-256")
        if event["use"] == "manifest":
            self.manifest_keys[key["kid"]] = key
        if event["use"] == "recovery" and key["kid"] not in {jwk["kid"] for jwk in self.recovery_keys}:
            check("statements" in event, "GOVERNANCE", "no recovery key vouches for a new one")
            self.recovery_keys.append(key)
        self.key_statements.update(event.get("statements", []))

    def _key_closed(self, event):
        kid, chains = event["kid"], event["chains"]
        self.key_statements.update(event.get("statements", []))
        check((event["use"] == "log") == ("logSize" in event), "GOVERNANCE", "logSize belongs to the end of a log key")
        if event["use"] != "manifest":
            check(not chains, "GOVERNANCE", "only manifest keys sign chains")
            if event["use"] == "recovery":
                self.closed_recovery.add(kid)
            return
        check(kid in self.manifest_keys and kid not in self.closed, "GOVERNANCE", f"{kid} is no open manifest key")
        check(len(self.manifest_keys) > len(self.closed) + 1, "GOVERNANCE", "the only manifest key is closed")
        check(len({one["chain"] for one in chains}) == len(chains), "GOVERNANCE", "a chain stands twice")
        check(all(one.get("accepted", one["next"]) <= one["next"] for one in chains), "GOVERNANCE", "accepted beyond next")
        self.closed[kid] = {one["chain"]: (one["next"], one.get("accepted", one["next"])) for one in chains}

    def _relock_started(self, event):
        self.relocking = event["months"]

    def _relock_done(self, event):
        check(self.relocking is not None, "GOVERNANCE", "a relocking ends that has not begun")
        self.relocking = None

    def standing(self, kid, chain, seq):
        """Section 10, closed keys: what the key may still stand under."""
        if kid not in self.closed:
            return "valid"
        following, accepted = self.closed[kid].get(chain, (0, 0))
        return "closed" if seq >= following else "disputed" if seq >= accepted else "valid"

    def _cohort_keys_introduced(self, event):
        self.cohort_keys.setdefault((event["class"], event["period"]), set()).add((event["kek"], event["escrow"]["kid"]))

    def _class_defined(self, event):
        known = self.classes.get(event["name"])
        check(known is None or known["number"] == event["number"], "GOVERNANCE", f"class {event['name']} gets another number")
        twin = any(c["number"] == event["number"] for name, c in self.classes.items() if name != event["name"])
        check(not twin and event["name"] != "ledger", "GOVERNANCE", f"class number {event['number']} is taken")
        self.classes[event["name"]] = event

    def _policy_set(self, event):
        check(event["defaultClass"] in self.classes, "GOVERNANCE", f"policy names the unknown class {event['defaultClass']}")
        self.default_class = event["defaultClass"]

    def _chain_registered(self, event):
        check(event["chain"] not in self.chains, "GOVERNANCE", f"{event['chain']} is registered twice")
        self.chains[event["chain"]] = event.get("cluster")

    def _import_started(self, event):
        check(event["importId"] not in self.imports, "GOVERNANCE", f"import {event['importId']} is started twice")
        self.imports[event["importId"]] = "open"

    def _import_resumed(self, event):
        check(self.imports.get(event["importId"]) == "open", "GOVERNANCE", f"import {event['importId']} is resumed but not under way")

    def _import_finished(self, event):
        check(event["importId"] in self.imports, "GOVERNANCE", f"import {event['importId']} ends but has not begun")
        self.imports[event["importId"]] = "finished"

    def _claims_repaired(self, event):
        self.statements[event["statement"]] = (event["chain"], event["seq"])

    def _source_epoch_opened(self, event):
        """The event registers the successor: no `chain.registered` follows."""
        check(event["chain"] in self.chains, "GOVERNANCE", f"epoch of an unknown chain {event['chain']}")
        self._chain_registered({"chain": event["successor"], "cluster": event["cluster"]})

    def _source_gap_accepted(self, event):
        check(event["chain"] in self.chains, "GOVERNANCE", f"gap of an unknown chain {event['chain']}")
        self.losses.append((event["chain"], int(event["from"]), int(event["to"])))


def parse_event(record):
    """Section 10: the shape that records of `gov` and `access/…` have."""
    check(record.timestamp_type == 0 and not record.headers and record.gap == 0, "EVENT", "timestamp type, headers or gap")
    check(record.key is not None and record.value is not None, "EVENT", "no key or no value")
    try:
        record.key.decode()
    except UnicodeDecodeError:
        check(False, "EVENT", "key is not UTF-8")
    event = strict_json(record.value)
    check(isinstance(event, dict), "EVENT", "not an object")
    exactly("event", {name: event[name] for name in COMMON if name in event}, COMMON)
    return event

