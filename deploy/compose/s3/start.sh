#!/bin/bash
# An S3 server with Object Lock for trying Holdfast: the gateway of Ceph over one monitor and one OSD, all on this container's
# loopback; only the gateway listens outside. One copy on one disk: for a real archive use a real Ceph cluster, or AWS.
set -euo pipefail

# Not CEPH_…: Ceph itself reads CEPH_LIB and the like.
DATA=${S3_DATA:-/var/lib/holdfast-s3}
RUN=${S3_RUN:-/run/holdfast-s3}
PORT=${S3_PORT:-7480}
LISTEN=${S3_LISTEN:-0.0.0.0}
SIZE=${S3_BYTES:-34359738368}
LIB=${S3_LIB:-/usr/lib/$(uname -m)-linux-gnu}
ACCESS_KEY=${S3_ACCESS_KEY:?is not set}
SECRET_KEY=$(<"${S3_SECRET_KEY_FILE:?names no file}")

mkdir -p "$DATA" "$RUN"
[ -s "$DATA/fsid" ] || cat /proc/sys/kernel/random/uuid >"$DATA/fsid"
FSID=$(<"$DATA/fsid")
CONF=$RUN/ceph.conf
cat >"$CONF" <<CONF
[global]
fsid = $FSID
mon initial members = a
mon host = [v2:127.0.0.1:3300,v1:127.0.0.1:6789]
public addr = 127.0.0.1
ms bind ipv6 = false
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
keyring = $DATA/keyring
run dir = $RUN
admin socket =
log to file = false
log to stderr = true
err to stderr = true
mon cluster log to file = false
# Else thousands of lines at each start, and three for every request.
debug rocksdb = 1/5
debug bluestore = 0/5
debug bluefs = 0/5
debug bdev = 0/5
debug rgw = 0/5
# The monitor waits a second for more changes before it commits one.
paxos propose interval = 0.02
paxos min wait = 0.01
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
plugin dir = $LIB/ceph
erasure code dir = $LIB/ceph/erasure-code
osd class dir = $LIB/rados-classes
osd class load list = *
osd class default list = *

[mon.a]
mon data = $DATA/mon

[osd.0]
osd data = $DATA/osd
osd objectstore = bluestore
osd memory target = 939524096
# A sparse file: it takes the room of what is stored.
bluestore block size = $SIZE
bluestore block create = true
osd mon shutdown timeout = 1

[client.rgw.a]
rgw data = $DATA/gateway
# Without tcp_nodelay each small answer waits for a delayed ACK.
rgw frontends = beast endpoint=$LISTEN:$PORT tcp_nodelay=1
rgw dynamic resharding = false
CONF

if [ ! -e "$DATA/complete" ]; then
  # Written last of all: a first start that was cut short begins again.
  rm -rf "$DATA/mon" "$DATA/osd" "$DATA/gateway" "$DATA/keyring" "$DATA/monmap"
  mkdir -p "$DATA/mon" "$DATA/osd" "$DATA/gateway"
  ceph-authtool "$DATA/keyring" --create-keyring --gen-key -n mon. --cap mon 'allow *'
  ceph-authtool "$DATA/keyring" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *'
  ceph-authtool "$DATA/keyring" --gen-key -n osd.0 --cap mon 'allow profile osd' --cap osd 'allow *'
  ceph-authtool "$DATA/keyring" --gen-key -n client.rgw.a --cap mon 'allow rw' --cap osd 'allow rwx'
  monmaptool --create --fsid "$FSID" --addv a '[v2:127.0.0.1:3300,v1:127.0.0.1:6789]' "$DATA/monmap"
  ceph-mon -c "$CONF" --mkfs -i a --monmap "$DATA/monmap" --keyring "$DATA/keyring"
  ceph-osd -c "$CONF" --mkfs -i 0 --osd-uuid "$(cat /proc/sys/kernel/random/uuid)" --no-mon-config
fi

# Stopped in the order gateway, OSD, monitor, so that what was acknowledged is on disk.
children=()
stop() {
  for ((i = ${#children[@]} - 1; i >= 0; i--)); do
    kill -TERM "${children[i]}" 2>/dev/null || true
    wait "${children[i]}" 2>/dev/null || true
  done
}
trap 'stop; exit 0' TERM INT
trap stop EXIT

ceph-mon -f -c "$CONF" -i a &
children+=($!)
ceph-osd -f -c "$CONF" -i 0 &
children+=($!)
if [ ! -e "$DATA/complete" ]; then
  # Waits by itself until monitor and OSD answer.
  radosgw-admin -c "$CONF" user create --uid holdfast --display-name holdfast --access-key "$ACCESS_KEY" --secret-key "$SECRET_KEY" >/dev/null
  touch "$DATA/complete"
fi
radosgw -f -c "$CONF" -n client.rgw.a &
children+=($!)

# One of them ends: the container ends, and is started again by its policy.
wait -n "${children[@]}"
echo 'a Ceph process ended by itself' >&2
exit 1
