"""docs/embedded-folder.md: versions of objects, their locks and states, claims."""

import os
import re
from dataclasses import dataclass

from notation import lock_date, sha256

VERSION = re.compile(r"(\d{8}T\d{9}Z)-([0-9a-f]{8})-([CG])(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z", re.A)
MODES = {"C": "COMPLIANCE", "G": "GOVERNANCE"}


@dataclass(frozen=True)
class Version:
    key: str
    id: str
    path: str
    mode: str
    until: str
    hold: bool
    damaged_state: bool

    def read(self):
        with open(self.path, "rb") as file:
            return file.read()


def _plain_files(root):
    """(path relative to root with slashes, full path, is a plain file), everything that is not a folder."""
    for folder, folders, files in os.walk(root):
        for name in [*files, *(name for name in folders if os.path.islink(os.path.join(folder, name)))]:
            full = os.path.join(folder, name)
            yield os.path.relpath(full, root).replace(os.sep, "/"), full, os.path.isfile(full) and not os.path.islink(full)


def _first_lock(version_id):
    match = VERSION.fullmatch(version_id)
    if match is None:
        return None
    mode, *date = match.groups()[2:]
    until = "{}-{}-{}T{}:{}:{}Z".format(*date)
    return (MODES[mode], until) if lock_date(until) else None


def _state(full, key, version_id, mode, until):
    """(lock end, hold), or None when the file is damaged."""
    with open(full, "rb") as file:
        data = file.read()
    match = re.fullmatch(rb"((COMPLIANCE|GOVERNANCE) (\S{20}) hold=(on|off))\n([0-9a-f]{64})\n?", data, re.A)
    if match is None:
        return None
    line, own_mode, own_until, hold, digest = (group.decode("ascii", "replace") for group in match.groups())
    wanted = sha256(f"{key}\n{version_id}\n{line}".encode()).hex()
    if digest != wanted or own_mode != mode or not lock_date(own_until) or own_until < until:
        return None
    return own_until, hold == "on"


def read_store(root):
    """({key: [Version, oldest first]}, [strays])."""
    paths = {relative: (full, plain) for relative, full, plain in _plain_files(root)}
    store, strays = {}, []
    for relative, (full, plain) in sorted(paths.items()):
        name = relative.removesuffix(".state")
        key, at, version_id = name.partition("@")
        lock = _first_lock(version_id) if at and key and "@" not in version_id else None
        if lock is None or not plain or (name != relative and name not in paths):
            strays.append(relative)
            continue
        if name != relative:
            continue
        mode, until, hold, damaged = *lock, False, False
        if relative + ".state" in paths:
            state = _state(paths[relative + ".state"][0], key, version_id, mode, until)
            damaged = state is None
            until, hold = state or (until, False)
        store.setdefault(key, []).append(Version(key, version_id, full, mode, until, hold, damaged))
    for versions in store.values():
        versions.sort(key=lambda version: version.id)
    return store, strays


def read_claims(root):
    claims, strays = {}, []
    for relative, full, plain in sorted(_plain_files(root)):
        if not plain:
            strays.append(relative)
            continue
        with open(full, "rb") as file:
            claims[relative] = file.read()
    return claims, strays
