#!/usr/bin/env bash
# The drill of docs/backup.md: a server is killed and its data folder is gone, a cluster is killed and comes back at an instant before that. What
# comes back is what was there, it verifies against the checkpoints, and nobody who was erased comes with it. Says how long each part took.
set -euo pipefail
candor=$(realpath "$1")
own=$(realpath "$0")
here=$(dirname "$own")
unset CANDOR_BACKUP_DIR CANDOR_KEYS_BACKUP_DIR CANDOR_CHECKPOINT_DIR CANDOR_CHECKPOINT_KEY_FILE CANDOR_DATA_DIR CANDOR_KEYS_URL \
  CANDOR_MASTER_KEY CANDOR_MASTER_KEY_FILE DATABASE_URL ENV_MODE

if [ "${2:-}" = small ]; then
  # A disk with less room than a backup takes, in a namespace of its own, in which anybody may mount one.
  mkdir "$3/small"
  mount -t tmpfs -o size=1m tmpfs "$3/small"
  code=0
  "$candor" --data-dir "$3/data" backup "$3/small" >"$3/said" 2>&1 || code=$?
  [ "$code" = 1 ] && grep -q "MB are free" "$3/said" || { cat "$3/said" >&2; exit 1; }
  [ -z "$(ls "$3/small")" ] || { echo "something was left on the small disk" >&2; exit 1; }
  umount "$3/small"
  exit 0
fi

bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -n "$bin" ] || { echo "PostgreSQL is not installed: install the package postgresql" >&2; exit 1; }
folder=$(mktemp -d)
as=()
if [ "$(id -u)" = 0 ]; then
  # PostgreSQL does not run as root.
  user=postgres
  id "$user" >/dev/null 2>&1 || user=nobody
  as=(setpriv "--reuid=$(id -u "$user")" "--regid=$(id -g "$user")" --clear-groups)
fi
server=""
stop() {
  [ -z "$server" ] || kill -9 "$server" 2>/dev/null || true
  for cluster in "$folder"/pg/*/; do
    [ ! -f "$cluster/postmaster.pid" ] || pg pg_ctl --pgdata "$cluster" --mode immediate --silent stop >/dev/null 2>&1 || true
  done
  rm -rf "$folder"
}
trap stop EXIT
cd "$folder"
chmod 0755 "$folder"
pg() { (cd / && "${as[@]}" "$bin/$1" "${@:2}"); }
port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
pick() { python3 -c 'import json, sys; print(eval(sys.argv[1], {"j": json.load(sys.stdin)}))' "$1"; }
is() { [ "$2" = "$3" ] || { echo "$1: expected $3, found $2" >&2; exit 1; }; }
took() { printf '%-64s %5d ms\n' "$1" $((($(date +%s%N) - began) / 1000000)); }
begin() { began=$(date +%s%N); }
nights() { # FILE FROM TO: a night a day
  python3 - "$@" <<'P'
import datetime as dt, sys
first = dt.date(2020, 1, 1)
with open(sys.argv[1], "w") as out:
    for n in range(int(sys.argv[2]), int(sys.argv[3])):
        day = first + dt.timedelta(days=n)
        out.write('{"metric":"sleep_duration","value":%d,"unit":"min","kind":"sleep","start":"%sT00:10:00Z","end":"%sT07:50:00Z"}\n'
                  % (400 + n % 90, day, day))
P
}
nights first.ndjson 0 1000
nights second.ndjson 1000 1500
nights third.ndjson 1500 1800
quiet() { "$candor" --quiet "$@" >/dev/null; }
days() { "$candor" --json "$@" metrics | pick 'j[0]["days"] if j else 0'; }

# ---- SQLite: the lines of docs/backup.md, with a server that runs ----
export CANDOR_DATA_DIR="$folder/data"
mkdir -p mnt bin
ln -s "$candor" bin/candor
quiet import first.ndjson
quiet loop --day 2020-03-01
"$candor" serve --local --listen "127.0.0.1:$(port)" >server.log 2>&1 &
server=$!
disown
page() { sed -n '/^```sh$/,/^```$/p' "$here/../../docs/backup.md" | awk -v n="$1" '/^```sh$/ { block++; next } /^```$/ { next } block == n' | sed "s|/mnt/|$folder/mnt/|g"; }
begin
PATH="$folder/bin:$PATH" bash -euo pipefail -c "$(page 1)" >said 2>&1 || { cat said >&2; exit 1; }
grep -q "verified on the copy" said || { cat said >&2; exit 1; }
took "SQLite: two backups while a server runs, verified"
ls mnt/backups/2*/log.db >/dev/null
if ls mnt/backups/2*/keys.db mnt/backups/2*/*.key mnt/keys/2*/*.key 2>/dev/null | grep .; then echo "keys lie with the backups" >&2; exit 1; fi
held=$(days)
shown=$("$candor" --json metrics)
CANDOR_BACKUP_DIR=mnt/backups quiet checkpoint
unshare --map-root-user --mount bash "$own" "$candor" small "$folder"
kill -9 "$server"
tail --pid="$server" --follow /dev/null
server=""
mkdir mnt/safe
cp data/master.key data/checkpoint.key mnt/safe
rm -rf data
begin
(unset CANDOR_DATA_DIR && PATH="$folder/bin:$PATH" bash -euo pipefail -c "$(page 2)") >said 2>&1 || { cat said >&2; exit 1; }
took "SQLite: restored, verified, verified again"
is "days" "$(days --data-dir new-data)" "$held"
is "what is shown" "$("$candor" --json --data-dir new-data metrics)" "$shown"

# ---- SQLite: who was erased since stays erased, with the keys from before ----
export CANDOR_DATA_DIR="$folder/new-data" CANDOR_BACKUP_DIR="$folder/mnt/backups" CANDOR_KEYS_BACKUP_DIR="$folder/mnt/keys"
backup=$(ls -d mnt/backups/2* | tail -n 1) keys=$(ls -d mnt/keys/2* | tail -n 1)
cp -r "$keys" kept
quiet erase --yes
quiet backup
[ "$(ls -d mnt/keys/2* | wc -l)" = 1 ] || { echo "keys from before the erasure are kept" >&2; exit 1; }
mkdir -m 0700 third-data
cp mnt/safe/*.key third-data
again=$("$candor" --json --data-dir third-data restore "$backup" --keys kept --anyway)
is "erased again" "$(pick 'len(j["erased_again"])' <<<"$again")" 1
is "persons" "$("$candor" --json --data-dir third-data status | pick 'j["persons"]')" 0
unset CANDOR_DATA_DIR CANDOR_BACKUP_DIR CANDOR_KEYS_BACKUP_DIR

# ---- PostgreSQL: a base backup, the archive, and an instant ----
mkdir -p pg wal base-parent
[ ${#as[@]} = 0 ] || chown "$user" pg wal base-parent
begin
pg initdb --pgdata "$folder/pg/one" --auth trust --username candor --no-sync --encoding UTF8 --locale C >initdb.log
cat >>pg/one/postgresql.conf <<C
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
wal_level = replica
archive_mode = on
archive_command = 'test ! -f $folder/wal/%f && cp %p $folder/wal/%f'
C
one=$(port)
pg pg_ctl --pgdata "$folder/pg/one" --options "-p $one" --log "$folder/pg/one.log" --wait --silent start
took "PostgreSQL: a cluster"
export DATABASE_URL="postgres://candor@127.0.0.1:$one/postgres" CANDOR_DATA_DIR="$folder/pg-data" CANDOR_BACKUP_DIR="$folder/mnt/pg-backups"
mkdir mnt/pg-backups
quiet import first.ndjson
quiet checkpoint
begin
pg pg_basebackup --pgdata "$folder/base-parent/base" --checkpoint fast --host 127.0.0.1 --port "$one" --username candor
took "PostgreSQL: a base backup"
quiet import second.ndjson
quiet checkpoint
sql() { pg psql --host 127.0.0.1 --port "$1" --username candor --dbname postgres --no-psqlrc --quiet --tuples-only --no-align --command "$2"; }
quiet backup --keys mnt/pg-keys
instant=$(sql "$one" "SELECT clock_timestamp()")
quiet import third.ndjson
quiet checkpoint
is "days before" "$(days)" 1800
# What was not archived yet is as lost as the cluster.
last=$(sql "$one" "SELECT pg_walfile_name(pg_switch_wal())")
archived() { sql "$one" "SELECT COALESCE(last_archived_wal, '') >= '$last' FROM pg_stat_archiver"; }
for _ in $(seq 300); do [ "$(archived)" = f ] || break; sleep 0.1; done
is "archived" "$(archived)" t
kill -9 "$(head -n 1 pg/one/postmaster.pid)"

begin
[ ${#as[@]} = 0 ] || "${as[@]}" cp -r base-parent/base pg/two
[ ${#as[@]} != 0 ] || cp -r base-parent/base pg/two
chmod 0700 pg/two
cat >>pg/two/postgresql.conf <<C
restore_command = 'cp $folder/wal/%f %p'
recovery_target_time = '$instant'
recovery_target_action = promote
hot_standby = off
archive_mode = off
C
touch pg/two/recovery.signal
[ ${#as[@]} = 0 ] || chown "$user" pg/two/recovery.signal
two=$(port)
pg pg_ctl --pgdata "$folder/pg/two" --options "-p $two" --log "$folder/pg/two.log" --wait --silent start || { cat pg/two.log >&2; exit 1; }
# It answers once it has come to the instant.
for _ in $(seq 600); do ! pg pg_isready --host 127.0.0.1 --port "$two" --quiet || break; sleep 0.1; done
took "PostgreSQL: another cluster, at the instant"
export DATABASE_URL="postgres://candor@127.0.0.1:$two/postgres"
begin
code=0
"$candor" restore >said 2>&1 || code=$?
[ "$code" = 1 ] && grep -q "this log ends before" said || { cat said >&2; exit 1; }
"$candor" restore --anyway >said 2>&1 || { cat said >&2; exit 1; }
took "PostgreSQL: looked at and verified"
mkdir aside
sed -n 's/^  \(.*\.checkpoint\)$/\1/p' said | xargs -I{} mv {} aside
is "checkpoints that say what is missing" "$(ls aside | wc -l)" 1
quiet verify
is "days at the instant" "$(days)" 1500
# The data folder is lost too.
mkdir -m 0700 pg-new
cp pg-data/*.key pg-new
rm -rf pg-data
export CANDOR_DATA_DIR="$folder/pg-new"
begin
quiet restore "$(ls -d mnt/pg-backups/2* | tail -n 1)" --keys "$(ls -d mnt/pg-keys/2* | tail -n 1)"
took "PostgreSQL: originals and keys into a new data folder"
is "days with another data folder" "$(days)" 1500
quiet import third.ndjson
is "days once the rest was brought again" "$(days)" 1800
quiet checkpoint
quiet verify
