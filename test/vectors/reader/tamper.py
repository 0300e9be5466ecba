#!/usr/bin/env python3
"""Changes a copy of an archive in one place and asks the verifier: each change must become a finding.

    tamper.py FOLDER [--seed N] [--rounds N] [--no-keys] [--kind KIND …]     exit 1 when a change that must be found was not
"""

import argparse
import hashlib
import json
import os
import random
import re
import shutil
import sys
import tempfile

from keys import Keys
from verify import Verifier

KINDS = [
    ("genesis", r"vault/genesis\.jws@[^.]*"),
    ("manifest of gov", r"vault/m/gov/[^@]*@[^.]*"),
    ("manifest", r"vault/m/(msg|access)/[^@]*@[^.]*"),
    ("object", r"vault/o/[^@]*@[^.]*"),
    ("claim", r"claims/.*"),
    ("KEK wrap", r"wraps/.*/kek\.jwe@[^.]*"),
    ("escrow wrap", r"wraps/.*/escrow\.jwe@[^.]*"),
    ("state", r"(vault|wraps)/.*\.state"),
]
# What the format itself cannot show: (kind of file, change) and why.
EXPECTED = {
    ("claim", "delete"): "nobody has to trust claims; it is listed under `unclaimed`",
    ("state", "delete"): "a longer lock or a hold is only known from `gov` events, which are reserved in version 1",
}
def files_of(root):
    found = []
    for folder, _, names in os.walk(root):
        found += [os.path.relpath(os.path.join(folder, name), root).replace(os.sep, "/") for name in names]
    return sorted(found)


def flip(path, rng):
    with open(path, "rb") as file:
        data = bytearray(file.read())
    at = rng.randrange(len(data))
    data[at] ^= 1 << rng.randrange(8)
    _write(path, bytes(data))
    return f"byte {at} of {len(data)}"


def truncate(path, rng):
    with open(path, "rb") as file:
        data = file.read()
    keep = rng.randrange(len(data))
    _write(path, data[:keep])
    return f"cut to {keep} of {len(data)}"


def append(path, rng):
    with open(path, "rb") as file:
        data = file.read()
    _write(path, data + b"\n")
    return "a line end appended"


def delete(path, rng):
    os.remove(path)
    return "deleted"


def relock(path, rng):
    """Another first lock: the version id says it."""
    short = re.sub(r"-[CG]\d{8}T\d{6}Z", "-C20270101T000000Z", path)
    os.rename(path, short)
    return "lock shortened by renaming"


def shadow(path, rng):
    """A newer version with other bytes."""
    newer = re.sub(r"@\d{8}T\d{9}Z-[0-9a-f]{8}", "@20990101T000000000Z-00000000", path)
    with open(path, "rb") as file:
        data = file.read()
    _write(newer, data[:-1] + bytes([data[-1] ^ 3]))
    return "a newer version with other bytes"


def governance_lock(path, rng):
    os.rename(path, re.sub(r"-C(\d{8}T\d{6}Z)", r"-G\1", path))
    return "mode GOVERNANCE by renaming"


def note(path, rng):
    _write(os.path.join(os.path.dirname(path), "note.txt"), b"hello")
    return "a note beside it"


def planted_state(path, rng):
    """A state whose lock ends before the first lock, with a right sum."""
    key, _, version_id = path.rpartition("/vault/")[2].partition("@")
    line = "COMPLIANCE 2027-01-01T00:00:00Z hold=off"
    digest = hashlib.sha256(f"{key}\n{version_id}\n{line}".encode()).hexdigest()
    _write(path + ".state", f"{line}\n{digest}\n".encode())
    return "a state with a shorter lock"


def _write(path, data):
    if os.path.exists(path):
        os.chmod(path, 0o644)
    with open(path, "wb") as file:
        file.write(data)


CHANGES = {
    "flip": (flip, lambda kind: True),
    "truncate": (truncate, lambda kind: True),
    "append": (append, lambda kind: True),
    "delete": (delete, lambda kind: True),
    "relock": (relock, lambda kind: kind not in ("claim", "state", "genesis")),
    "governance": (governance_lock, lambda kind: kind in ("genesis", "manifest", "manifest of gov", "object")),
    "shadow": (shadow, lambda kind: kind not in ("claim", "state")),
    "note": (note, lambda kind: kind not in ("claim", "state")),
    "planted state": (planted_state, lambda kind: kind in ("manifest", "object")),
}


def run(folder, keys, pinned):
    return Verifier(folder, pinned, keys).run()


def main(arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=6, help="flips and cuts per kind of file")
    parser.add_argument("--no-keys", action="store_true")
    parser.add_argument("--kind", action="append", choices=[kind for kind, _ in KINDS], help="only these kinds of files")
    options = parser.parse_args(arguments)
    rng = random.Random(options.seed)
    keys = None if options.no_keys else Keys(os.path.join(options.folder, "keys"))
    before = run(options.folder, keys, None)
    known = {json.dumps(finding, sort_keys=True) for finding in before["findings"]}
    lost = {item.partition("@")[0] for item in before["abandoned"]}
    expected = EXPECTED
    missed, tried, tolerated = [], 0, {}
    for kind, pattern in KINDS:
        if options.kind and kind not in options.kind:
            continue
        every = [path for path in files_of(options.folder) if re.fullmatch(pattern, path)]
        # Deleting an attempt that lost its claim loses nothing; changing one is found all the same.
        every = [path for path in every if re.sub("^vault/", "", path).partition("@")[0] not in lost]
        for name, (change, applies) in CHANGES.items():
            for _ in range(options.rounds if name in ("flip", "truncate") else 1):
                if not every or not applies(kind):
                    continue
                path = rng.choice(every)
                with tempfile.TemporaryDirectory() as copy:
                    for part in ("vault", "claims", "wraps"):
                        shutil.copytree(os.path.join(options.folder, part), os.path.join(copy, part))
                    what = change(os.path.join(copy, path), rng)
                    after = run(copy, keys, before["archive"])
                tried += 1
                if any(json.dumps(finding, sort_keys=True) not in known for finding in after["findings"]):
                    continue
                if (kind, name) in expected:
                    tolerated[kind, name] = tolerated.get((kind, name), 0) + 1
                else:
                    missed.append(f"{kind}: {name}: {path}: {what}")
    for (kind, name), count in sorted(tolerated.items()):
        print(f"not to be found ({count}): {kind}: {name}: {expected[kind, name]}")
    for line in missed:
        print(f"MISSED {line}")
    print(f"{tried} changes, {len(missed)} missed, seed {options.seed}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
