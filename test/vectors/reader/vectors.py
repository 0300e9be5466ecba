"""Checks vector files of the form `holdfast.vectors/1`, as ../README.md describes it."""

import json
import sys

import wraps
from content import ContentObject, ObjectKeys, context, leaf_data, open_object, parse_record
from notation import Finding, hmac256, mth, period_code, sha256, strict_json, u

h = bytes.fromhex


class Checker:
    def __init__(self):
        self.failures, self.checked = [], 0

    def same(self, what, got, wanted):
        self.checked += 1
        if got != wanted:
            self.failures.append(f"{what}: got {got!r}, wanted {wanted!r}")

    def refused(self, what, action, argument):
        self.checked += 1
        try:
            action(argument)
        except Finding:
            return
        self.failures.append(f"{what}: was accepted")

    def guarded(self, what, action, *arguments):
        try:
            action(*arguments)
        except Finding as finding:
            self.failures.append(f"{what}: {finding}")

    def record(self, vector):
        r = parse_record(h(vector["bytes"]))
        got = {
            "name": vector["name"],
            "timestampType": r.timestamp_type,
            "offset": str(r.offset),
            "gap": str(r.gap),
            "timestamp": str(r.timestamp),
            "key": None if r.key is None else r.key.hex(),
            "value": None if r.value is None else r.value.hex(),
            "headers": [[name.hex(), None if value is None else value.hex()] for name, value in r.headers],
            "bytes": vector["bytes"],
        }
        self.same(f"record {vector['name']}", got, vector)

    def object(self, vector, records):
        what, cohort = f"object {vector['name']}", vector["cohort"]
        data, ctx, keys = h(vector["bytes"]), context(h(vector["archive"]), vector["chain"], vector["seq"], vector["no"]), None
        self.same(f"{what} sha256", sha256(data).hex(), vector["sha256"])
        if vector["enc"] != "none":
            keys = ObjectKeys(h(vector["dataKey"]), h(vector["random"]), ctx)
            got = {"object": keys.object_key.hex(), "block": keys.block.hex(), "salt": keys.salt.hex(), "label": keys.label.hex()}
            self.same(f"{what} keys", got, vector["keys"])
            self.same(f"{what} commitment", keys.commitment.hex(), vector["commitment"])
            self.same(f"{what} labelCommitment", keys.label_commitment.hex(), vector["labelCommitment"])
        obj = ContentObject(data, vector["no"], 0 if keys is None else 1)
        self.same(f"{what} blockEntries", [entry.tree_bytes().hex() for entry in obj.trailer.entries], vector["blockEntries"])
        self.same(f"{what} root", obj.root.hex(), vector["root"])
        self.same(f"{what} trailer", data[-obj.trailer.length :].hex(), vector["trailer"])
        opened, root, loose, loose_root, _ = open_object(obj, keys, ctx, cohort)
        self.same(f"{what} records", [data.hex() for _, data in opened], [records[name] for name in vector["records"]])
        directory = vector["directory"]
        self.same(f"{what} directory", (root.hex(), obj.trailer.directory_entries), (directory["root"], directory["entries"]))
        self.same(f"{what} unattributed", {"count": loose, "root": loose_root.hex()}, directory["unattributed"])
        label_key = keys.label if keys else bytes(32)
        by_key = {}
        for (record, _), leaf in zip(opened, map(h, vector["leaves"])):
            self.same(f"{what} leaf", leaf_data(record, cohort["number"], period_code(cohort["period"]), leaf[30:]), leaf)
            by_key.setdefault(record.key, []).append(leaf)
        by_key.pop(None, None)
        plain = b"".join(sorted(hmac256(label_key, key) + u(4, len(own)) + mth(own) for key, own in by_key.items()))
        self.same(f"{what} directory plaintext", plain.hex(), directory["plaintext"])
        for at in range(0, len(data), max(1, len(data) // 40)):
            broken = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
            self.refused(f"{what} with byte {at} changed", lambda b: self._reopen(b, vector, keys, ctx), broken)

    def _reopen(self, data, vector, keys, ctx):
        obj = ContentObject(data, vector["no"], 0 if keys is None else 1)
        opened, root, *_ = open_object(obj, keys, ctx, vector["cohort"])
        if obj.root.hex() != vector["root"] or root.hex() != vector["directory"]["root"]:
            raise Finding("ROOT", "another one")

    def file(self, document):
        self.same("format", document["format"], "holdfast.vectors/1")
        records = {vector["name"]: vector["bytes"] for vector in document["records"]}
        for vector in document["records"]:
            self.guarded(f"record {vector['name']}", self.record, vector)
        for vector in document["refusedRecords"]:
            self.refused(f"record {vector['name']}", parse_record, h(vector["bytes"]))
        for text in document["json"]["accepted"]:
            self.checked += 1
            self.guarded(f"json {text}", strict_json, text.encode())
        for text in document["json"]["refused"]:
            self.refused(f"json {text!r}", strict_json, text.encode())
        for vector in document["trees"]:
            self.same(f"tree of {len(vector['leaves'])}", mth([h(leaf) for leaf in vector["leaves"]]).hex(), vector["root"])
        for vector in document["periods"]:
            self.same(f"period {vector['period']}", period_code(vector["period"]), vector["code"])
        for vector in document["objects"]:
            self.guarded(f"object {vector['name']}", self.object, vector, records)
        for vector in document["segmentRoots"]:
            roots = [u(2, one["no"]) + u(4, one["records"]) + h(one["root"]) for one in vector["objects"]]
            self.same(f"segment root of {len(roots)}", mth(roots).hex(), vector["root"])
        for vector in document["dataKeys"]:
            header, *_ = wraps.parse_wrap(vector["jwe"].encode(), "kek.jwe")
            self.same("wrap header", header, vector["header"])
            self.same("data key", wraps.open_with_kek(vector["jwe"].encode(), h(vector["kek"])).hex(), vector["dataKey"])


def main(files):
    failed = 0
    for path in files:
        checker = Checker()
        with open(path, encoding="utf-8") as file:
            checker.file(json.load(file))
        print(f"{path}: {checker.checked} checks, {len(checker.failures)} failed")
        for line in checker.failures:
            print(line, file=sys.stderr)
        failed += len(checker.failures)
    return 1 if failed else 0
