"""The folder `keys/` of an embedded archive: KEKs, and escrow private keys where they are present."""

import json
import os

from notation import base64url


class Keys:
    """The folder `keys/`: KEKs as JWK sets, escrow private keys where they are present."""

    def __init__(self, root):
        self._root = root

    def _jwk(self, path):
        full = os.path.join(self._root, path)
        if not os.path.isfile(full):
            return []
        with open(full, "rb") as file:
            value = json.loads(file.read())
        return value["keys"] if "keys" in value else [value]

    def kek(self, class_name, period, kid):
        found = self._jwk(f"kek/{class_name}/{period}.jwks.json")
        return next((base64url(jwk["k"]) for jwk in found if jwk.get("kid") == kid and jwk.get("kty") == "oct"), None)

    def escrow(self, class_name, period, kid):
        found = self._jwk(f"escrow-private/{class_name}/{period}.jwk.json")
        return next((base64url(jwk["d"]) for jwk in found if jwk.get("kid") == kid and "d" in jwk), None)


class NoKeys:
    def kek(self, *_):
        return None

    escrow = kek
