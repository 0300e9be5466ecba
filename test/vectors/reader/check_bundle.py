"""Checks the heart of an evidence bundle with nothing but hashes: records -> manifests -> checkpoint.

Written from docs/evidence-bundle.md alone, with no library but Python's own; signatures are left to openssl, see
docs/verify-it-yourself.md. Usage: python3 check_bundle.py BUNDLE.zip [FOLDER for what openssl needs]
"""
import base64, hashlib, json, os, sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
H = lambda b: hashlib.sha256(b).digest()
index = json.loads(z.read('bundle.json'))
for f in index['files']:                      # 1. entries are those of the list
    b = z.read(f['name'])
    assert len(b) == f['size'] and H(b).hex() == f['sha256'], f['name']
assert H(z.read('genesis.jws')).hex() == index['archive']
def climb(hash, i, n, path):                  # RFC 9162 2.1.3.2
    i, last = i, n - 1
    for p in path:
        if i % 2 or i == last:
            hash = H(b'\1' + p + hash)
            while i % 2 == 0 and i: i, last = i // 2, last // 2
        else: hash = H(b'\1' + hash + p)
        i, last = i // 2, last // 2
    return hash
def payload(jws): 
    p = jws.split(b'.')[1]
    return json.loads(base64.urlsafe_b64decode(p + b'=' * (-len(p) % 4)))
D = base64.b64decode
shown = 0
for name in z.namelist():                     # 2. shown records lead to the roots in signed manifests
    if not name.startswith('proofs/msg/'): continue
    proof = json.loads(z.read(name))
    manifest = payload(z.read('manifests/%s/%016d.jws' % (proof['chain'], proof['seq'])))
    obj = manifest['objects'][proof['no']]
    blocks = {}
    for b in proof['blocks']:
        entry = D(b['entry'])
        assert climb(H(b'\0' + entry), b['no'], obj['blocks'], [D(p) for p in b['path']]).hex() == obj['root']
        blocks[b['no']] = (entry[:32], int.from_bytes(entry[32:36], 'big'), int.from_bytes(entry[36:40], 'big'))
    for l in proof['leaves']:
        leaf, (root, first, count) = D(l['leaf']), blocks[l['block']]
        assert climb(H(b'\0' + leaf), l['index'] - first, count, [D(p) for p in l['path']]) == root
        if 'salt' not in l: continue
        record = z.read('records/%s/%020d.rec' % (proof['chain'], int.from_bytes(leaf[2:10], 'big')))
        assert H(D(l['salt']) + record) == leaf[30:62]
        shown += 1
print('%d records are those of %d manifests' % (shown, sum(n.startswith('manifests/') for n in z.namelist())))
proofs = json.loads(z.read('proofs/log.json'))  # 3. manifests lead to the checkpoint
origin, size, root = z.read('log/checkpoint').decode().split('\n')[:3]
for p in proofs:
    chain = p['chain'].encode()
    entry = b'\1' + len(chain).to_bytes(2, 'big') + chain + p['seq'].to_bytes(8, 'big') + H(z.read('manifests/%s/%016d.jws' % (p['chain'], p['seq'])))
    assert climb(H(b'\0' + entry), p['index'], int(size), [D(x) for x in p['path']]) == D(root)
print('%d of them lead to the checkpoint of %s: %s entries, root %s' % (len(proofs), origin, size, root))
text, signatures = z.read('log/checkpoint').split(b'\n\n', 1)   # 4. for openssl: what was signed, by whom
folder = sys.argv[2] if len(sys.argv) > 2 else '.'
x = payload(z.read('genesis.jws'))['log']['key']['x']
open(os.path.join(folder, 'checkpoint.text'), 'wb').write(text + b'\n')
open(os.path.join(folder, 'log.pub'), 'wb').write(bytes.fromhex('302a300506032b6570032100') + base64.urlsafe_b64decode(x + '=' * (-len(x) % 4)))
open(os.path.join(folder, 'checkpoint.sig'), 'wb').write(D(signatures.split(b'\n')[0].split(b' ')[2])[4:])
