#!/usr/bin/env bash
# PostgreSQL stopped as by a crash (`pg_ctl -m immediate`) and started again in the middle of appends: whoever lost an answer says
# the same again, and everything is there once and in order; the API is back within 10 s of PostgreSQL.
# Usage: postgres_restarts.sh BINARY [ROUNDS] [SEED]
set -euo pipefail
export PYTHONPATH=$(dirname "$0") PYTHONDONTWRITEBYTECODE=1
exec python3 - "$1" "${2:-3}" ${3:+"$3"} <<'P'
from campaign import *

candor, rounds, chance, folder = begin("postgres_restarts")
postgres = Postgres(folder)
# A store is taken for so many restarts.
RESTARTS_OF_A_STORE = 25
acknowledged, refused, back = 0, 0, []
for first in range(0, rounds, RESTARTS_OF_A_STORE):
    store = Store(candor, folder / f"store{first}", postgres.database())
    ledger = Ledger(store.folder)
    server = Server(store)
    server.until_ready()
    for _ in range(first, min(first + RESTARTS_OF_A_STORE, rounds)):
        clients = Clients(server, ledger, again=True)
        time.sleep(chance.uniform(0.005, 0.5))
        postgres.stop("immediate")
        time.sleep(chance.choice([0, 0, chance.uniform(0, 2)]))
        postgres.start()
        up = time.monotonic()
        back.append(clients.until_served(up, 10, "a restart"))
        clients.stop()
        refused += len(clients.refused)
        ledger.check(server)
        store.verify()
    demand(not ledger.sent.keys() - ledger.acknowledged.keys(), "something was never acknowledged")
    ledger.check(server, everything=True)
    server.stop()
    acknowledged += len(ledger.acknowledged)
    postgres.drop(store.url)
demand(refused > 0, "no request was ever in the middle of a restart")
print(f"postgres_restarts: {rounds} restarts, {acknowledged} acknowledged, {refused} tries without an answer or refused and said "
      f"again, 0 lost, 0 doubled, 0 reordered, {rounds} verified; every client served again after {percentiles(back)}")
P
