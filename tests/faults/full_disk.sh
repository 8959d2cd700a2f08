#!/usr/bin/env bash
# A disk that fills up under a server, at so many sizes: what was acknowledged is kept, reads go on while it is full, and once
# there is room it goes on by itself; started anew on the full disk it comes back as soon as there is room.
# Usage: full_disk.sh BINARY [ROUNDS] [SEED]
set -euo pipefail
export PYTHONPATH=$(dirname "$0") PYTHONDONTWRITEBYTECODE=1
# A namespace of its own, in which anybody may mount a small disk.
exec unshare --map-root-user --mount python3 - "$1" "${2:-6}" ${3:+"$3"} <<'P'
from campaign import *

candor, rounds, chance, folder = begin("full_disk")
ROOM = "size=256m"


def mount(options, path):
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], check=True)


def used(path):
    disk = os.statvfs(path)
    return (disk.f_blocks - disk.f_bfree) * disk.f_frsize


acknowledged, refused, back, restarted, sizes, starts = 0, 0, [], 0, set(), []
for number in range(rounds):
    store = Store(candor, folder / str(number))
    disk = store.folder / "data"
    disk.mkdir()
    mount(ROOM, disk)
    atexit.register(subprocess.run, ["umount", "--lazy", disk], stderr=subprocess.DEVNULL)
    ledger = Ledger(store.folder)
    server = Server(store)
    server.until_ready()
    clients = Clients(server, ledger, again=True)
    until(lambda: len(ledger.acknowledged) >= 8, 60, "the first acknowledgements")
    # The disk becomes what is used and a little more, by the page.
    more = 4096 * chance.randrange(0, 400)

    def shrunk():
        # Refused when more was written since it was looked.
        size = used(disk) + more
        done = subprocess.run(["mount", "-o", f"remount,size={size}", disk], stderr=subprocess.DEVNULL)
        return size if done.returncode == 0 else None
    sizes.add(until(shrunk, 60, "the disk was made smaller")[0])
    until(lambda: len([status for status, _ in clients.refused if status == 503]) >= 8, 120, "the disk was full")
    demand(server.process.poll() is None, "the server ended on a full disk:", server.log.read_text()[-1500:])
    for path in ["/api/v1/today", "/api/v1/audit/?limit=50", "/api/v1/observations", "/readyz"]:
        status, answer = server.get(path)
        demand(status == 200, "a read on the full disk:", path, status, answer)
    ledger.check(server)
    if number % 2:
        # Killed on the full disk; a supervisor starts it again and again, as it would.
        restarted += 1
        server.kill()
        clients.again = False
        clients.stop()
        server = Server(store)
        time.sleep(chance.uniform(0.0, 0.5))
        if server.process.poll() is not None:
            starts.append(server.process.returncode)
    subprocess.run(["mount", "-o", f"remount,{ROOM}", disk], check=True)
    began = time.monotonic()
    if number % 2:
        def up():
            global server
            if server.process.poll() is not None:
                demand(server.process.returncode != 0, "it ended on a full disk with 0")
                server = Server(store)
            return server.is_ready()
        until(up, 60, "the server was ready once there was room")
        clients = Clients(server, ledger, again=True)
    before = len(ledger.acknowledged)
    until(lambda: len(ledger.acknowledged) > before + 8, 60,
          lambda: f"it went on once there was room: {clients.refused[-4:]} {server.log.read_text()[-3000:]}")
    back.append(time.monotonic() - began)
    clients.stop()
    refused += len(clients.refused)
    ledger.check(server, everything=True)
    server.stop()
    store.verify()
    acknowledged += len(ledger.acknowledged)
    subprocess.run(["umount", disk], check=True)
    shutil.rmtree(store.folder)
print(f"full_disk: {rounds}/{rounds} disks of {len(sizes)} sizes filled up, {acknowledged} acknowledged, 0 lost, 0 doubled, reads "
      f"went on in all, went on by themselves {rounds}/{rounds} ({restarted} started anew on the full disk, {len(starts)} of them "
      f"refused to before there was room), all verified; back after {percentiles(back)}")
P
