"""What the campaigns of faults share: a server that is started, killed and asked, a PostgreSQL of their own, and a judge.

The judge is a ledger outside the product: a line for every acknowledgement, flushed to disk before the next request. What the
log shows afterwards is held against it, never against what the log says of itself.
"""

import atexit, http.client, json, math, os, pathlib, pwd, random, shutil, signal, socket, subprocess, sys, tempfile
import threading, time

# Each client rates one thing of today: the same word said again is no second event, the next value is.
METRICS = ["sleep_quality", "energy", "mood", "stress"]


def begin(about):
    """The arguments of a script: the binary, the number of rounds, the seed; and the folder that is removed at the end."""
    candor, rounds = pathlib.Path(sys.argv[1]).resolve(), int(sys.argv[2])
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.SystemRandom().randrange(1_000_000)
    print(f"{about}: {rounds} rounds, seed {seed}", flush=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="candor-faults-"))
    folder.chmod(0o755)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    # However the campaign ends, what it started ends before its folder goes: the last that is registered runs first.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return candor, rounds, random.Random(seed), folder


def demand(holds, *what):
    """Ends the campaign when something does not hold."""
    if not holds:
        raise SystemExit("MISSED: " + " ".join(str(part) for part in what))


def until(holds, seconds, what, pause=0.005):
    """Looks again and again, at most so long; returns what it saw and how long it took."""
    began = time.monotonic()
    while True:
        seen = holds()
        took = time.monotonic() - began
        if seen:
            return seen, took
        if took >= seconds:
            demand(False, f"not within {seconds} s:", what() if callable(what) else what)
        time.sleep(pause)


def percentiles(times):
    """The median, the 99th percentile and the longest, in words."""
    ordered = sorted(times)
    at = lambda share: ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]
    return f"p50 {at(0.5):.2f} s, p99 {at(0.99):.2f} s, longest {ordered[-1]:.2f} s"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def surroundings(**settings):
    """The environment of a process of Candor: nothing of what the shell had set."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
    return kept | {name: str(value) for name, value in settings.items() if value is not None}


class Store:
    """A data folder, on PostgreSQL when it has a URL."""

    def __init__(self, candor, folder, url=None):
        self.candor, self.folder, self.url = candor, pathlib.Path(folder), url
        self.folder.mkdir(parents=True, exist_ok=True)

    def command(self, *args, **settings):
        """A command, its exit code and what it said."""
        settings = {"CANDOR_DATA_DIR": self.folder / "data", "DATABASE_URL": self.url} | settings
        command = [self.candor, "--json", "--quiet", *map(str, args)]
        return subprocess.run(command, capture_output=True, text=True, env=surroundings(**settings))

    def asked(self, *args):
        """What a command answers that must succeed."""
        done = self.command(*args)
        demand(done.returncode == 0, args, done.stdout[-2000:], done.stderr[-2000:])
        return json.loads(done.stdout)

    def verify(self):
        verified = self.asked("verify")
        demand(verified["ok"] and not verified["faults"], "verify:", verified)
        return verified


class Server:
    """`candor serve` for one person on this machine."""

    def __init__(self, store, **settings):
        self.port, self.log = free_port(), store.folder / "serve.log"
        settings = {"CANDOR_DATA_DIR": store.folder / "data", "DATABASE_URL": store.url} | settings
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [store.candor, "serve", "--local", "--listen", f"127.0.0.1:{self.port}"],
            env=surroundings(**settings), stdout=subprocess.DEVNULL, stderr=self.log.open("a"))
        atexit.register(self.process.kill)

    def is_ready(self):
        try:
            return self.get("/readyz", 5)[0] == 200
        except OSError:
            return False

    def until_ready(self, seconds=60):
        """How long it took from its start until it answered that it is ready."""
        def look():
            demand(self.process.poll() is None, "the server ended:", self.log.read_text()[-2000:])
            return self.is_ready()
        until(look, seconds, "the server was ready")
        return time.monotonic() - self.began

    def get(self, path, seconds=40):
        return ask(http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds), "GET", path)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.terminate()
        demand(self.process.wait(30) == 0, "the server did not stop as asked")


def ask(connection, method, path, document=None):
    """One request: status and document. What breaks the connection is an OSError."""
    try:
        body = None if document is None else json.dumps(document)
        connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text[:1] in (b"{", b"[") else text
    except http.client.HTTPException as broken:
        raise OSError(str(broken)) from broken


class Ledger:
    """What was sent, and what was acknowledged, outside the product."""

    def __init__(self, folder):
        self.file = open(pathlib.Path(folder) / "ledger", "ab", buffering=0)
        self.lock = threading.Lock()
        self.sent, self.acknowledged = {}, {}
        self.next = dict.fromkeys(METRICS, 0)
        self.seen, self.hashes = {}, []

    def take(self, metric):
        """The next value that a client says."""
        self.next[metric] += 1
        value = round(1 + self.next[metric] / 10_000, 4)
        demand(value <= 5, "a store has no values left")
        self.sent[metric, value] = time.time()
        return value

    def acknowledge(self, metric, value):
        at = time.time()
        with self.lock:
            self.file.write(f"{metric} {value} {at}\n".encode())
            os.fsync(self.file.fileno())
            self.acknowledged[metric, value] = at

    def check(self, server, everything=False):
        """Holds the log against the ledger: all of it, or what is new since the last look. Returns how many are new."""
        known = 0 if everything else len(self.hashes)
        new, cursor = [], ""
        while cursor is not None:
            status, page = server.get(f"/api/v1/audit/?limit=200{cursor}")
            demand(status == 200, "the audit trail:", status, page)
            new += [event for event in page["events"] if event["revision"] >= known]
            more = page["next_cursor"] if page["events"] and page["events"][-1]["revision"] > known else None
            cursor = more and f"&cursor={more}"
        new.reverse()
        demand([event["revision"] for event in new] == list(range(known, known + len(new))), "a gap in the stream")
        if everything:
            demand([event["hash"] for event in new[:len(self.hashes)]] == self.hashes, "what was there is another")
            self.seen, self.hashes = {}, []
        for event in new:
            self.hashes.append(event["hash"])
            for observation in event["content"].get("observations", []) if event["type"] == "check_in_recorded" else []:
                said = observation["metric"].removeprefix("checkin_"), observation["value"]
                demand(said in self.sent, "nobody said", said)
                demand(said not in self.seen, "DOUBLED", said)
                self.seen[said] = event["revision"]
        lost = [said for said in self.acknowledged if said not in self.seen]
        demand(not lost, "LOST", lost)
        # What was sent after another was acknowledged stands after it.
        latest = 0.0
        for said in sorted(self.seen, key=self.seen.get):
            demand(self.acknowledged.get(said, math.inf) >= latest, "REORDERED", said)
            latest = max(latest, self.sent[said])
        return len(new)

    def unknown(self):
        """How many were written without an acknowledgement."""
        return len(self.seen.keys() - self.acknowledged.keys())


class Clients:
    """Several clients that check in, each on its own connection, until they are told to stop.

    With `again` a client whose outcome is unknown says the same again until it is acknowledged; without, it ends there.
    """

    def __init__(self, server, ledger, again=False, patience=40):
        self.server, self.ledger, self.again, self.patience = server, ledger, again, patience
        self.stopping, self.refused, self.last = threading.Event(), [], {}
        self.threads = [threading.Thread(target=self.work, args=(metric,), daemon=True) for metric in METRICS]
        for thread in self.threads:
            thread.start()

    def work(self, metric):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=self.patience)
        value = None
        while value is not None or not self.stopping.is_set():
            if value is None:
                value = self.ledger.take(metric)
            try:
                status, answer = ask(connection, "POST", "/api/v1/checkins", {metric: value})
            except OSError as broken:
                status, answer = 0, str(broken)
                connection.close()
            if status == 200:
                self.ledger.acknowledge(metric, value)
                self.last[metric], value = time.monotonic(), None
                continue
            self.refused.append((status, str(answer)[:300]))
            if not self.again:
                return
            time.sleep(0.02)

    def until_served(self, since, seconds, after):
        """Waits until every client has an answer to what it said since; returns how long that took."""
        def served():
            return len(self.last) == len(METRICS) and min(self.last.values()) > since
        def told():
            return f"{self.refused[-4:]} {self.server.log.read_text()[-3000:]}"
        until(served, seconds, lambda: f"the API was back after {after}: {told()}")
        return min(self.last.values()) - since

    def stop(self):
        """Lets them end what they are at; with `again`, until everything that was said is acknowledged."""
        self.stopping.set()
        for thread in self.threads:
            thread.join(180)
            demand(not thread.is_alive(), "a client never got an answer:", self.refused[-3:])


class Postgres:
    """A cluster of our own, with flushing on, run by an ordinary user."""

    def __init__(self, folder):
        found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        demand(found, "PostgreSQL is not installed: install the package postgresql")
        self.bin, self.folder, self.port, self.made = found[-1], pathlib.Path(folder) / "postgres", free_port(), 0
        self.folder.mkdir()
        user = pwd.getpwnam("nobody")
        self.user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
        if self.user:
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        self.run("initdb", "-D", self.folder / "data", "-A", "trust", "-U", "candor", "-N", "-E", "UTF8", "--locale=C")
        self.start()
        atexit.register(self.run, "pg_ctl", "-D", self.folder / "data", "-m", "immediate", "-w", "stop")

    def run(self, program, *args, told=""):
        done = subprocess.run([self.bin / program, *map(str, args)], input=told, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, cwd="/", **self.user)
        demand(done.returncode == 0, program, done.stdout)
        return done.stdout

    def start(self):
        options = f"-k {self.folder} -p {self.port} -c listen_addresses=127.0.0.1 -c fsync=on -c max_connections=100"
        # Its output goes to a file: a pipe would stay open as long as the server runs.
        self.run("pg_ctl", "-D", self.folder / "data", "-l", self.folder / "log", "-o", options, "-w", "start")

    def stop(self, how="fast"):
        self.run("pg_ctl", "-D", self.folder / "data", "-m", how, "-w", "stop")

    def database(self, template=None):
        """A new database and its URL; a copy of another one when that is named."""
        self.made += 1
        name = f"store_{self.made}"
        self.sql(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
        return f"postgres://candor@127.0.0.1:{self.port}/{name}"

    def drop(self, url):
        self.sql(f"DROP DATABASE {url.rsplit('/', 1)[1]} WITH (FORCE)")

    def sql(self, text, database="postgres"):
        """Runs SQL and returns the rows, their columns parted by a bar."""
        answer = self.run("psql", "-h", "127.0.0.1", "-p", self.port, "-U", "candor", "-d", database, "-XAtq",
                          "-v", "ON_ERROR_STOP=1", told=text)
        return [line.split("|") for line in answer.splitlines()]
