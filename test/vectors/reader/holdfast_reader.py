#!/usr/bin/env python3
"""A second reader and verifier of the vault format, written from docs/vault-format.md and docs/embedded-folder.md alone.

    holdfast_reader.py verify FOLDER [--archive ID] [--no-keys]   JSON summary; exit 1 with findings
    holdfast_reader.py dump FOLDER [--archive ID]                 one JSON line a record; exit 1 with findings
    holdfast_reader.py vectors FILE.json …                        checks test vectors; exit 1 with failures
"""

import argparse
import json
import os
import sys

import vectors
from keys import Keys
from verify import Verifier, dump


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("verify", "dump"):
        command = commands.add_parser(name)
        command.add_argument("folder")
        command.add_argument("--archive", help="pinned archive id, 64 hex digits")
        command.add_argument("--keys", help="folder of keys, FOLDER/keys unless told")
        command.add_argument("--no-keys", action="store_true", help="verify as somebody without keys")
    commands.add_parser("vectors").add_argument("files", nargs="+")
    options = parser.parse_args(arguments)
    if options.command == "vectors":
        return vectors.main(options.files)
    if not os.path.isdir(os.path.join(options.folder, "vault")):
        parser.error(f"{options.folder} has no folder vault")
    keys = None if options.no_keys else Keys(options.keys or os.path.join(options.folder, "keys"))
    verifier = Verifier(options.folder, options.archive, keys)
    summary = verifier.run()
    if options.command == "verify":
        print(json.dumps(summary, indent=2, ensure_ascii=False))
    else:
        for line in dump(verifier):
            print(json.dumps(line, separators=(",", ":")))
        for finding in summary["findings"]:
            print(json.dumps(finding, ensure_ascii=False), file=sys.stderr)
    return 1 if summary["findings"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
