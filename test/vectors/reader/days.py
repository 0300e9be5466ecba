"""Section 15: day directories."""

from governance import COMMON, of
from notation import check, exactly, hash32, hmac256, is_class, matches, mth, number, period_of, strict_json, u

MOST_SHARES = 131_072
SHARE = 46
RANGE = {
    "chain": lambda value: isinstance(value, str),
    "day": matches(r"\d{4}-\d\d-\d\d"),
    "firstSeq": number,
    "lastSeq": number,
    "closedBy": of({"seq": number, "hash": hash32}),
    "parts": number,
    "objects": of({"count": number, "root": hash32}),
    "records": number,
}
CLOSED = {
    "part": number,
    "cohort": of({"class": is_class, "number": number, "period": period_of(1)}),
    "entries": number,
    "root": hash32,
    "labelCommitment": hash32,
    "unattributed": of({"count": number, "root": hash32}),
}


def share(seq, no, count, root):
    return u(8, seq) + u(2, no) + u(4, count) + root


def ranges(segments):
    """Closed ranges of a message chain: (segments, the segment that closes them)."""
    closed, begun, shares = [], [], 0
    for segment in segments:
        more = sum(o["directory"]["entries"] for o in segment.body["objects"])
        if begun and (begun[0].body["time"][:10] != segment.body["time"][:10] or shares + more > MOST_SHARES):
            closed.append((begun, segment))
            begun, shares = [], 0
        begun, shares = [*begun, segment], shares + more
        if "closing" in segment.body:
            closed.append((begun, segment))
            begun, shares = [], 0
    return closed


def objects_of(segments, cohort=None):
    return [(s.seq, o) for s in segments for o in s.body["objects"] if cohort in (None, name_of(o["cohort"]))]


def name_of(cohort):
    return cohort["number"], cohort["period"], cohort["class"]


def expected(chain, segments, by):
    """What the events of one range must say: one entry per segment of the days chain."""

    def covered(objects):
        root = mth([share(seq, o["no"], o["records"], bytes.fromhex(o["root"])) for seq, o in objects])
        return {"objects": {"count": len(objects), "root": root.hex()}, "records": sum(o["records"] for _, o in objects)}

    cohorts = sorted({name_of(o["cohort"]) for _, o in objects_of(segments)})
    place = {
        "chain": chain,
        "day": segments[0].body["time"][:10],
        "firstSeq": segments[0].seq,
        "lastSeq": segments[-1].seq,
        "closedBy": {"seq": by.seq, "hash": by.hash},
        "parts": len(cohorts),
    }
    parts = []
    for part, cohort in enumerate(cohorts):
        objects = objects_of(segments, cohort)
        loose = [(seq, o["no"], o["directory"]["unattributed"]) for seq, o in objects if o["directory"]["unattributed"]["count"]]
        unattributed = {
            "count": sum(said["count"] for *_, said in loose),
            "root": mth([share(seq, no, said["count"], bytes.fromhex(said["root"])) for seq, no, said in loose]).hex(),
        }
        number_of, period, class_name = cohort
        facts = {"part": part, "cohort": {"class": class_name, "number": number_of, "period": period}, "unattributed": unattributed}
        parts.append(({**place, **covered(objects), **facts}, objects))
    return parts or [(None, [])], {**place, **covered(objects_of(segments))}


def events_of(segment):
    events = []
    for record, _, clear in segment.records:
        if clear:
            event = strict_json(record.value)
            closed = isinstance(event, dict) and event.get("type") == "day.closed"
            shape = {**COMMON, **RANGE, **(CLOSED if closed else {})}
            exactly("event", event, shape, ["labelCommitment"])
            check(event["type"] in ("day.closed", "directories.attested"), "DAYS", f"unknown event {event['type']}")
            check(record.key == b"day:" + event["day"].encode(), "DAYS", "event under another key")
            events.append(event)
    return events


def judge(verifier, chain):
    """The days chain against its message chain; a part that is there already must say the same."""
    about = verifier.segments.get(chain[len("days/") :], [])
    wanted = []
    for segments, by in ranges(about):
        parts, attested = expected(chain[len("days/") :], segments, by)
        wanted += [(closed, objects, attested if closed is parts[-1][0] else None) for closed, objects in parts]
    following = 0
    for segment in verifier.segments[chain]:
        where = f"{chain}/{segment.seq}"
        events = verifier.guarded(where, events_of, segment)
        if events is None or verifier.guarded(where, one_of, events) is None:
            return
        said = [plain(event) for event in events]
        at = next((i for i, (closed, _, attested) in enumerate(wanted[: following + 1]) if said == [e for e in (closed, attested) if e]), None)
        check(at is not None, "DAYS", f"{where} is not what follows from the message chain")
        following = max(following, at + 1)
        if wanted[at][0] is not None:
            verifier.guarded(where, directory, verifier, segment, events[0], wanted[at][1])


def one_of(events):
    check(1 <= len(events) <= 2, "DAYS", f"{len(events)} events")
    return events


def plain(event):
    """What an event says of the range, without who sealed it when and under which label key."""
    return {name: value for name, value in event.items() if name not in (*COMMON, "entries", "root", "labelCommitment")}


def directory(verifier, segment, event, objects):
    listed = segment.body["objects"][1:]
    check(len(listed) == (1 if event["entries"] else 0), "DAYS", "another number of lists than entries demand")
    said = listed[0]["directory"].get("labelCommitment") if listed else None
    check(said == event.get("labelCommitment"), "DAYS", "labelCommitment is not that of the manifest")
    check(not listed or listed[0]["records"] == event["entries"], "DAYS", "another number of entries")
    chain = segment.chain[len("days/") :]
    label_key = verifier.labels.get((segment.chain, segment.seq, 1))
    if listed and label_key is None:
        return True
    entries, counted, previous = [], event["unattributed"]["count"], b""
    for record, _, clear in segment.records:
        if clear:
            continue
        shares = [record.value[i : i + SHARE] for i in range(0, len(record.value), SHARE)]
        check(len(record.key) == 32 and record.key > previous and shares == sorted(shares) and not record.headers, "DAYS", "an entry that is none")
        check(shares and len(shares[-1]) == SHARE and len({one[:10] for one in shares}) == len(shares), "DAYS", "shares that are none")
        count = sum(int.from_bytes(one[10:14], "big") for one in shares)
        entries.append(record.key + u(4, count) + mth(shares))
        counted, previous = counted + count, record.key
    check(mth(entries).hex() == event["root"] and len(entries) == event["entries"], "DAYS", "entries do not lead to the root")
    check(counted == event["records"], "DAYS", "counts do not add up")
    if not all((chain, seq, o["no"]) in verifier.conversations for seq, o in objects):
        return True
    by_label = {}
    for seq, o in objects:
        for key, (count, root) in verifier.conversations[chain, seq, o["no"]].items():
            by_label.setdefault(hmac256(label_key, key), []).append(share(seq, o["no"], count, root))
    rebuilt = [label + u(4, sum(int.from_bytes(one[10:14], "big") for one in shares)) + mth(shares) for label, shares in sorted(by_label.items())]
    check(rebuilt == entries, "DAYS", "is not the directory that the records give")
    return True
