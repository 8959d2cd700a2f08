#!/usr/bin/env bash
# A flush to disk that fails with EIO, each of the first so many of a server's life in turn, from the one that makes its store:
# the process ends with an exit code that is not 0, nothing that was sent after the failure is acknowledged, and started again
# everything acknowledged is there and the log verifies. Of flushes of a folder that SQLite makes only the last is asked: it does
# not look at what they come to.
# Usage: fsync.sh BINARY [ROUNDS] [SEED]: round N fails the Nth flush; with fewer than 200, N is spread over the first 200.
set -euo pipefail
here=$(dirname "$0")
shim=$(mktemp -d)
trap 'rm -rf "$shim"' EXIT
cc -shared -fPIC -O1 -Wall -Werror -o "$shim/flush_fails.so" "$here/flush_fails.c" -ldl
export PYTHONPATH=$here PYTHONDONTWRITEBYTECODE=1 SHIM=$shim/flush_fails.so
python3 - "$1" "${2:-8}" ${3:+"$3"} <<'P'
from campaign import *

candor, rounds, chance, folder = begin("fsync")
FLUSHES = 200
chosen = sorted(chance.sample(range(1, FLUSHES + 1), rounds)) if rounds < FLUSHES else range(1, rounds + 1)
failed_in, acknowledged, took, codes, gone_on = {}, 0, [], {}, 0
for number in chosen:
    store = Store(candor, folder / str(number))
    told, ledger = store.folder / "told", Ledger(store.folder)
    server = Server(store, LD_PRELOAD=os.environ["SHIM"], FLUSH_FAILS_AT=number, FLUSH_FAILS_TOLD=told)
    ended = lambda: server.process.poll() is not None
    until(lambda: ended() or server.is_ready(), 60, "the server was ready or ended")
    if not ended():
        clients = Clients(server, ledger)
        until(told.exists, 60, f"flush {number}")
        failed, before = time.monotonic(), len(ledger.acknowledged)
        # SQLite does not look at its own flush of a folder, which Candor has flushed before.
        of_a_folder = told.read_text().strip().endswith("/data")
        until(lambda: ended() or of_a_folder and len(ledger.acknowledged) > before + 8, 20, f"the end after {told.read_text()}")
        took.append(time.monotonic() - failed)
    at, call, path = told.read_text().split()
    if ended():
        code = server.process.returncode
        demand(code != 0, f"flush {number} of {path} failed, and the server ended with 0")
        codes[code] = codes.get(code, 0) + 1
        late = [said for said, sent in ledger.sent.items() if sent > float(at) and said in ledger.acknowledged]
        demand(not late, f"acknowledged after flush {number} of {path} failed:", late)
    else:
        gone_on += 1
        took.pop()
        server.kill()
    if ledger.sent:
        clients.stop()
    name = pathlib.Path(path).name
    name = name if "." in name or name == "data" else "another"
    failed_in[name] = failed_in.get(name, 0) + 1
    again = Server(store)
    again.until_ready()
    ledger.check(again, everything=True)
    again.stop()
    store.verify()
    acknowledged += len(ledger.acknowledged)
    shutil.rmtree(store.folder)
print(f"fsync: {len(chosen) - gone_on} failed flushes ended the server (exit {codes}), {gone_on} of a folder were made by SQLite and "
      f"ended nothing, {acknowledged} acknowledged, 0 after the server should have ended, 0 lost, {len(chosen)}/{len(chosen)} started "
      f"again and verified; ended within {percentiles(took or [0.0])}; of {failed_in}")
P
