#!/usr/bin/env bash
# The network between Candor and PostgreSQL cut in the middle of appends, in each of seven ways, also after a commit was sent and
# before its answer came: whoever lost an answer says the same again, and everything is there once and in order.
# Usage: network_cuts.sh BINARY [ROUNDS] [SEED]
set -euo pipefail
export PYTHONPATH=$(dirname "$0") PYTHONDONTWRITEBYTECODE=1
exec python3 - "$1" "${2:-7}" ${3:+"$3"} <<'P'
from campaign import *
import select, struct

WAYS = ["reset", "close", "refuse", "silence", "answer lost", "request lost", "forgotten"]


class Wire(threading.Thread):
    """A TCP proxy that can be cut."""

    def __init__(self, to):
        super().__init__(daemon=True)
        self.to, self.pairs, self.lock = to, [], threading.Lock()
        # How new connections fare, how what comes from the client and from PostgreSQL fares, and what was cut on its way.
        self.refusing, self.silent, self.losing, self.lost = False, False, None, 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            client = self.listener.accept()[0]
            if self.refusing:
                self.reset(client)
                continue
            try:
                pair = (client, socket.create_connection(("127.0.0.1", self.to)))
            except OSError:
                self.reset(client)
                continue
            for end in pair:
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.pairs.append(pair)
            threading.Thread(target=self.carry, args=(pair,), daemon=True).start()

    def carry(self, pair):
        client, server = pair
        try:
            while pair in self.pairs:
                for end in select.select(pair, [], [], 0.05)[0]:
                    while self.silent and pair in self.pairs:
                        time.sleep(0.005)
                    data = end.recv(65536)
                    if not data:
                        raise OSError("closed")
                    way = self.losing
                    if way == "request lost" and end is client or way == "answer lost" and end is server:
                        self.lost += 1
                        raise OSError("lost")
                    (server if end is client else client).sendall(data)
        except (OSError, ValueError):
            pass
        if pair in self.pairs:
            self.cut(pair)

    def reset(self, end):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.close()

    def cut(self, pair, gently=False):
        with self.lock:
            if pair not in self.pairs:
                return
            self.pairs.remove(pair)
        for end in pair:
            end.close() if gently else self.reset(end)

    def cut_all(self, gently=False):
        for pair in list(self.pairs):
            self.cut(pair, gently)

    def forget(self):
        """What is open is never answered again, to either end; what comes new is served."""
        with self.lock:
            forgotten, self.pairs = self.pairs, []
        return forgotten


candor, rounds, chance, folder = begin("network_cuts")
postgres = Postgres(folder)
wire = Wire(postgres.port)
CUTS_OF_A_STORE = 28
acknowledged, refused, back, cuts = 0, 0, {way: [] for way in WAYS}, 0
for first in range(0, rounds, CUTS_OF_A_STORE):
    url = postgres.database()
    store = Store(candor, folder / f"store{first}", url)
    ledger = Ledger(store.folder)
    through = Store(candor, store.folder, url.replace(str(postgres.port), str(wire.port)))
    server = Server(through)
    server.until_ready()
    for number in range(first, min(first + CUTS_OF_A_STORE, rounds)):
        way = WAYS[number % len(WAYS)]
        clients = Clients(server, ledger, again=True)
        time.sleep(chance.uniform(0.005, 0.5))
        wait, forgotten = chance.uniform(0.05, 1.5), []
        if way in ("reset", "close"):
            wire.cut_all(gently=way == "close")
        elif way == "refuse":
            wire.refusing = True
            wire.cut_all()
            time.sleep(wait)
            wire.refusing = False
        elif way == "silence":
            wire.silent = True
            time.sleep(wait)
            wire.silent = False
        elif way == "forgotten":
            forgotten = wire.forget()
        else:
            lost, wire.losing = wire.lost, way
            until(lambda: wire.lost > lost, 60, f"something was cut, {way}")
            wire.losing = None
            wire.cut_all()
        up = time.monotonic()
        back[way].append(clients.until_served(up, 60, way))
        clients.stop()
        refused += len(clients.refused)
        ledger.check(server)
        store.verify()
        for pair in forgotten:
            for end in pair:
                end.close()
    demand(not ledger.sent.keys() - ledger.acknowledged.keys(), "something was never acknowledged")
    ledger.check(server, everything=True)
    server.stop()
    wire.cut_all()
    acknowledged += len(ledger.acknowledged)
    postgres.drop(url)
ways = "; ".join(f"{way} {len(times)} times, {percentiles(times)}" for way, times in back.items() if times)
print(f"network_cuts: {rounds} cuts, {acknowledged} acknowledged, {refused} tries without an answer or refused and said again, 0 lost, "
      f"0 doubled, 0 reordered, {rounds} verified; every client served again after: {ways}")
P
