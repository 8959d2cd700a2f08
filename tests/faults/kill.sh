#!/usr/bin/env bash
# kill -9 of a server that is appended to by four clients, at random moments, on SQLite and on PostgreSQL: what was acknowledged
# is there once and in order, what was not is there once or not at all, the log verifies, and the server is ready again.
# Usage: kill.sh BINARY [ROUNDS, of each database] [SEED] [sqlite or postgres alone]
set -euo pipefail
export PYTHONPATH=$(dirname "$0") PYTHONDONTWRITEBYTECODE=1
exec python3 - "$1" "${2:-8}" "${@:3:2}" <<'P'
from campaign import *

candor, rounds, chance, folder = begin("kill")
# A store is taken for so many kills, so that all of it can be verified after each.
KILLS_OF_A_STORE = 50


def campaign(name, postgres):
    ready, killed_early, acknowledged, unknown = [], 0, 0, 0
    for first in range(0, rounds, KILLS_OF_A_STORE):
        url = postgres and postgres.database()
        store = Store(candor, folder / f"{name}{first}", url)
        ledger = Ledger(store.folder)
        for _ in range(first, min(first + KILLS_OF_A_STORE, rounds)):
            server = Server(store)
            # One in ten dies while it starts.
            if early := chance.random() < 0.1:
                killed_early += 1
            else:
                server.until_ready()
                clients = Clients(server, ledger)
            time.sleep(chance.uniform(0.005, 0.5))
            server.kill()
            if not early:
                clients.stop()
            server = Server(store)
            ready.append(server.until_ready())
            ledger.check(server)
            store.verify()
            server.kill()
        server = Server(store)
        server.until_ready()
        ledger.check(server, everything=True)
        server.stop()
        store.verify()
        acknowledged, unknown = acknowledged + len(ledger.acknowledged), unknown + ledger.unknown()
        shutil.rmtree(store.folder)
        if postgres:
            postgres.drop(url)
    demand(acknowledged > rounds, f"only {acknowledged} acknowledgements: nothing was tried")
    return (f"{name}: {rounds} kills ({killed_early} while starting), {acknowledged} acknowledged, 0 lost, 0 doubled, "
            f"0 reordered, {unknown} written unacknowledged, {rounds} verified, ready again {percentiles(ready)}")


chosen = sys.argv[4:] or ["sqlite", "postgres"]
for name in chosen:
    print("kill: " + campaign(name, Postgres(folder) if name == "postgres" else None), flush=True)
P
