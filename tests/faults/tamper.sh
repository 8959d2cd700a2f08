#!/usr/bin/env bash
# A log that somebody edits who may write every table of it, in one random way a round, on SQLite and in every fifth round on
# PostgreSQL: `verify` finds it. What is not mended breaks a rule of the chain; what is forged all through, each hash made anew
# as docs/log.md says it is made, breaks the checkpoint that was kept outside.
# Usage: tamper.sh BINARY [ROUNDS] [SEED]
set -euo pipefail
export PYTHONPATH=$(dirname "$0") PYTHONDONTWRITEBYTECODE=1
exec python3 - "$1" "${2:-38}" ${3:+"$3"} <<'P'
from campaign import *
import collections, contextlib, copy, hashlib, sqlite3

COLUMNS = ["position", "stream", "revision", "event_id", "type", "schema_version", "recorded_at", "key_ids", "body", "body_digest",
           "prev_hash", "hash"]
CHAIN = {"position_gap", "revision_gap", "previous_hash", "hash", "body_digest", "unreadable", "stream_head", "log_head"}


def part(piece):
    return len(piece).to_bytes(4, "big") + piece


def hash_of(event, previous):
    """The hash of an event, from docs/log.md alone."""
    number = lambda value, size: int(value).to_bytes(size, "big", signed=size == 8)
    keys = [event["key_ids"][at:at + 16] for at in range(0, len(event["key_ids"]), 16)]
    pieces = [b"candor event header v1", event["stream"].encode(), number(event["revision"], 8), event["event_id"],
              event["type"].encode(), number(event["schema_version"], 4), number(event["recorded_at"], 8)]
    header = b"".join(map(part, pieces)) + number(len(keys), 4) + b"".join(map(part, keys))
    return hashlib.sha256(b"candor event chain v1" + previous + header + event["body_digest"]).digest()


class Log:
    """Everything that is in the tables of a log."""

    def __init__(self, events, end):
        self.events, self.end = events, end

    def streams(self):
        return sorted({event["stream"] for event in self.events})

    def of(self, stream):
        return sorted((event for event in self.events if event["stream"] == stream), key=lambda event: event["revision"])

    def mend(self, hashes=False):
        """Makes positions, the end and, if asked, revisions and hashes fit what the events are now."""
        for position, event in enumerate(sorted(self.events, key=lambda event: event["position"]), 1):
            event["position"] = position
        self.end = len(self.events)
        for stream in self.streams() if hashes else []:
            own, previous = sorted(self.of(stream), key=lambda event: event["position"]), bytes(32)
            for revision, event in enumerate(own):
                event["revision"], event["prev_hash"] = revision, previous
                if event["body"] is not None:
                    event["body_digest"] = hashlib.sha256(event["body"]).digest()
                previous = event["hash"] = hash_of(event, previous)


class Sqlite:
    def __init__(self, file):
        self.file = file

    def read(self):
        with contextlib.closing(sqlite3.connect(self.file)) as log:
            events = [dict(zip(COLUMNS, row)) for row in log.execute(f"SELECT {', '.join(COLUMNS)} FROM events")]
            return Log(events, log.execute("SELECT position FROM log_head").fetchone()[0])

    def write(self, new):
        with contextlib.closing(sqlite3.connect(self.file)) as log, log:
            for (name,) in log.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                log.execute(f"DROP TRIGGER {name}")
            log.execute("DELETE FROM events")
            marks = ", ".join("?" * len(COLUMNS))
            log.executemany(f"INSERT INTO events ({', '.join(COLUMNS)}) VALUES ({marks})",
                            [[event[column] for column in COLUMNS] for event in new.events])
            log.execute("UPDATE log_head SET position = ?", [new.end])


class OnPostgres:
    KINDS = {"event_id": "uuid", "key_ids": "hex", "body": "hex", "body_digest": "hex", "prev_hash": "hex", "hash": "hex",
             "stream": "text", "type": "text"}

    def __init__(self, postgres, url):
        self.run = lambda text: postgres.sql(f"SET search_path = candor_log; {text}", url.rsplit("/", 1)[1])

    def select(self, table, columns):
        shown = [f"coalesce(encode({c}, 'hex'), '-')" if self.KINDS.get(c) == "hex" else f"{c}::text" for c in columns]
        return [dict(zip(columns, map(self.read_one, columns, row))) for row in self.run(f"SELECT {', '.join(shown)} FROM {table}")]

    def read_one(self, column, text):
        kind = self.KINDS.get(column, "number")
        if kind == "hex":
            return None if text == "-" else bytes.fromhex(text)
        return {"uuid": lambda: bytes.fromhex(text.replace("-", "")), "text": lambda: text, "number": lambda: int(text)}[kind]()

    def told(self, column, value):
        kind = self.KINDS.get(column, "number")
        if value is None:
            return "NULL"
        if kind == "uuid":
            return f"'{value.hex()}'"
        return f"'\\x{value.hex()}'" if kind == "hex" else f"'{value}'" if kind == "text" else str(value)

    def read(self):
        end = self.select("log_head", ["position"])[0]["position"]
        return Log(self.select("events", COLUMNS), end)

    def write(self, new):
        rows = ", ".join(f"({', '.join(self.told(column, event[column]) for column in COLUMNS)})" for event in new.events)
        insert = f"INSERT INTO events ({', '.join(COLUMNS)}) VALUES {rows};" if rows else ""
        self.run("ALTER TABLE events DISABLE TRIGGER USER; DELETE FROM events;" + insert
                 + f"UPDATE log_head SET position = {new.end}")


def flipped(value, free):
    """The same value a little different: a bit, a letter, or a number that nobody has yet."""
    if isinstance(value, bytes):
        bit = chance.randrange(len(value) * 8)
        return value[:bit // 8] + bytes([value[bit // 8] ^ 1 << bit % 8]) + value[bit // 8 + 1:]
    if isinstance(value, int):
        return value + (free or 1 << chance.randrange(8))
    at = chance.randrange(len(value))
    return value[:at] + ("x" if value[at] != "x" else "y") + value[at + 1:]


def edit(column):
    def change(log):
        event = chance.choice(log.events)
        changed = flipped(event[column], {"position": 10_000, "revision": 10_000}.get(column))
        # The ids of a batch differ in their last bits, and the tables refuse one that another event has.
        while column == "event_id" and any(other[column] == changed for other in log.events):
            changed = flipped(event[column], None)
        event[column] = changed
    return change


def any_two(log, of_one=False):
    stream = chance.choice(log.streams())
    return chance.sample(log.of(stream) if of_one else log.events, 2)


def swap(log, columns, of_one=False):
    one, other = any_two(log, of_one)
    for column in columns:
        one[column], other[column] = other[column], one[column]


def delete(log):
    """One that is not the last of its stream."""
    inside = [event for event in log.events if event["revision"] < log.of(event["stream"])[-1]["revision"]]
    log.events.remove(chance.choice(inside))


def insert(log):
    copied = copy.deepcopy(chance.choice(log.events))
    at = chance.randrange(1, log.end)
    for event in log.events:
        event["position"] += event["position"] >= at
    own = log.of(copied["stream"])
    log.events.append(copied | {"position": at, "event_id": chance.randbytes(16), "revision": own[-1]["revision"] + 1})
    log.end += 1


def insert_before(log):
    """At a place where nobody looks who begins with the first."""
    copied = copy.deepcopy(chance.choice(log.events))
    log.events.append(copied | {"position": 0, "event_id": chance.randbytes(16), "revision": log.of(copied["stream"])[-1]["revision"] + 1})


def delete_last(log):
    """The last of a stream that is not the last of the log."""
    ends = [log.of(stream)[-1] for stream in log.streams()]
    log.events.remove(min(ends, key=lambda event: event["position"]))


def swap_neighbours(log):
    """Two that follow each other and are of different persons: no stream shows it."""
    placed = sorted(log.events, key=lambda event: event["position"])
    one, other = chance.choice([pair for pair in zip(placed, placed[1:]) if pair[0]["stream"] != pair[1]["stream"]])
    one["position"], other["position"] = other["position"], one["position"]


def truncate(log):
    kept = log.end - chance.randrange(1, 20)
    log.events = [event for event in log.events if event["position"] <= kept]


def remove_stream(log):
    stream = chance.choice(log.streams())
    log.events = [event for event in log.events if event["stream"] != stream]


def other_person(log):
    """An event of one person becomes one of the other, at the end of what they have."""
    event = chance.choice(log.events)
    other = next(stream for stream in log.streams() if stream != event["stream"])
    event["stream"], event["revision"] = other, log.of(other)[-1]["revision"] + 1


def swap_persons(log):
    one, other = log.streams()
    for event in log.events:
        event["stream"] = other if event["stream"] == one else one


def move_end(log):
    log.end += chance.choice([-1, 1])


def forged(change, hashes=True):
    def all_through(log):
        change(log)
        log.mend(hashes)
    return all_through


def no_body(log):
    chance.choice(log.events)["body"] = None


def older_past(log):
    for event in log.events:
        event["recorded_at"] -= 86_400_000_000


# What breaks the chain as it stands.
BREAKS = {f"edit {column}": edit(column) for column in COLUMNS} | {
    "delete": delete, "delete, positions closed": forged(delete, False), "insert": insert, "insert before": insert_before, "reorder": lambda log: swap(log, ["position"]),
    "reorder a stream": lambda log: swap(log, ["position", "revision"], True), "swap bodies": lambda log: swap(log, ["body"]),
    "swap persons of an event": other_person, "truncate": truncate, "remove a stream": remove_stream, "move the end": move_end,
}
# What the chain cannot show, each hash and counter being made anew.
FORGED = {f"forged edit of {column}": forged(edit(column)) for column in ["event_id", "type", "recorded_at", "key_ids", "body"]} | {
    "forged delete": forged(delete), "forged delete of a last one": forged(delete_last, False), "forged insert": forged(insert), "forged reorder": forged(swap_neighbours, False),
    "forged reorder of a stream": forged(lambda log: swap(log, ["position", "revision"], True)),
    "forged truncation": forged(truncate, False), "forged removal of a stream": forged(remove_stream, False),
    "forged swap of persons": forged(swap_persons), "forged past": forged(older_past),
}
# Which a hash does not cover: the store knows that nobody erased anything.
REMOVED = {"body removed": no_body}

candor, rounds, chance, folder = begin("tamper")
postgres = Postgres(folder)
BEGUN = "2026-03-01T12:00:00Z"
KINDS = BREAKS | FORGED | REMOVED


def template(store):
    """Two persons with a few days each, brought in by turns, and a checkpoint that is kept elsewhere."""
    people = ["11111111-2222-4333-8444-555555555555", "66666666-7777-4888-9999-aaaaaaaaaaaa"]
    for half in range(2):
        for number, person in enumerate(people):
            file = store.folder / "nights.ndjson"
            file.write_text("".join(json.dumps({
                "metric": "sleep_duration", "value": 400 + 10 * number + day, "unit": "min", "kind": "sleep",
                "start": f"2026-02-{day:02}T00:10:00Z", "end": f"2026-02-{day:02}T07:50:00Z"}) + "\n"
                for day in range(1 + 4 * half, 5 + 4 * half)))
            store.asked("--now", BEGUN, "--person", person, "import", file)
            store.asked("--now", BEGUN, "--person", person, "loop")
    kept = store.asked("--now", BEGUN, "checkpoint")
    shutil.move(kept["file"], store.folder / "kept")
    return kept["verifier"]


def verified(store, *against):
    done = store.command("--now", BEGUN, "verify", *against)
    demand(done.returncode in (0, 1) and done.stdout, "verify:", done.returncode, done.stdout[-500:], done.stderr[-500:])
    found = json.loads(done.stdout)
    demand(found["ok"] == (done.returncode == 0) == (not found["faults"]), "verify says two things:", found)
    return {fault["rule"] for fault in found["faults"]}


originals = {"sqlite": Store(candor, folder / "sqlite"), "postgres": Store(candor, folder / "on-postgres", postgres.database())}
verifiers = {name: template(store) for name, store in originals.items()}
counts, chain_alone, on_postgres, untouched = collections.Counter(), 0, 0, 0
for number in range(rounds):
    kind = list(KINDS)[number % len(KINDS)]
    name = "postgres" if number % 5 == 4 else "sqlite"
    original = originals[name]
    url = original.url and postgres.database(template=original.url.rsplit("/", 1)[1])
    store = Store(candor, folder / "copy", url)
    shutil.copytree(original.folder, store.folder, dirs_exist_ok=True)
    tables = OnPostgres(postgres, url) if url else Sqlite(store.folder / "data/log.db")
    anchor = ["--checkpoint", store.folder / "kept", "--key", verifiers[name]]
    if number % len(KINDS) < 2:
        demand(not verified(store, *anchor), "an untouched copy has faults")
        # Reading it and writing back what was read is no tampering: what is found below is what was changed.
        tables.write(tables.read())
        demand(not verified(store, *anchor), "a copy that was written back has faults")
        untouched += 1
    log = tables.read()
    before = copy.deepcopy(log.__dict__)
    while log.__dict__ == before:
        KINDS[kind](log)
    tables.write(log)
    with_checkpoint = verified(store, *anchor)
    demand(with_checkpoint, "NOT FOUND:", kind, "on", name, "in round", number)
    if kind in FORGED:
        demand({rule for rule in with_checkpoint if rule.startswith("checkpoint_")}, "the checkpoint did not show", kind, with_checkpoint)
        demand(not with_checkpoint & CHAIN, "it was not forged all through:", kind, with_checkpoint)
    else:
        without = verified(store)
        demand(without & CHAIN or kind in REMOVED and without, "the chain did not show", kind, without)
        chain_alone += 1
    counts[kind] += 1
    on_postgres += name == "postgres"
    shutil.rmtree(store.folder)
    if url:
        postgres.drop(url)
print("tamper: " + ", ".join(f"{kind} {times}/{times}" for kind, times in counts.items()))
print(f"tamper: {rounds}/{rounds} found ({on_postgres} on PostgreSQL), {chain_alone} without the checkpoint, "
      f"{rounds - chain_alone} forged all through by the checkpoint, {untouched} untouched copies without a fault")
P
