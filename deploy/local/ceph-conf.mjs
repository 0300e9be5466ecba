/** ceph.conf of the private cluster. */
import { join } from 'node:path';

/**
 * @param {{ folder: string, data: string, libraries: string, fsid: string, http: number, monitor: readonly [number, number] }} what
 * @returns {string}
 */
export function cephConf({ folder, data, libraries, fsid, http, monitor }) {
  return `[global]
fsid = ${fsid}
mon initial members = a
mon host = [v2:127.0.0.1:${monitor[0]},v1:127.0.0.1:${monitor[1]}]
public addr = 127.0.0.1
ms bind ipv6 = false
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
keyring = ${join(data, 'keyring')}
run dir = ${folder}
# A socket's path may have 107 bytes at most; nobody needs these.
admin socket =
log to file = false
log to stderr = true
err to stderr = true
debug rocksdb = 1/5
# Else three lines for every request.
debug rgw = 0/5
mon cluster log to file = false
# One copy on one disk.
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
# The monitor waits a second for more changes before it commits one: a dozen seconds of the first start.
paxos propose interval = 0.02
paxos min wait = 0.01
# It would end on a disk more than 95 % full, however much that leaves.
mon data avail warn = 0
mon data avail crit = 0
plugin dir = ${join(libraries, 'ceph')}
erasure code dir = ${join(libraries, 'ceph/erasure-code')}
osd class dir = ${join(libraries, 'rados-classes')}
osd class load list = *
osd class default list = *

[mon.a]
mon data = ${join(data, 'mon')}

[osd.0]
osd data = ${join(data, 'osd')}
osd objectstore = bluestore
osd memory target = 939524096
# A sparse file: it takes the room of what is stored.
bluestore block size = 8589934592
bluestore block create = true
# Its monitor stops at the same moment.
osd mon shutdown timeout = 1

[client.rgw.a]
rgw data = ${join(data, 'gateway')}
rgw frontends = beast endpoint=127.0.0.1:${http} tcp_nodelay=1
rgw thread pool size = 64
rgw dynamic resharding = false
rgw gc max objs = 4
rgw lc max objs = 4
# More workers wait five seconds for each other's locks, also when told to stop.
rgw lc max worker = 1
# A day of a lifecycle rule lasts ten seconds.
rgw lc debug interval = 10
`;
}
