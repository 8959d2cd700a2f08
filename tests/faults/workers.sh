#!/usr/bin/env bash
# Two `candor worker` processes on PostgreSQL, of which the one that holds the loops is killed in the middle of one: the other
# takes them over once the lease has run out, each day of each person is looked at once by effect, and the read models go on.
# Usage: workers.sh BINARY [ROUNDS] [SEED]; a lease holds for a minute, and a round waits for it; four rounds run at once.
set -euo pipefail
export PYTHONPATH=$(dirname "$0") PYTHONDONTWRITEBYTECODE=1
exec python3 - "$1" "${2:-1}" ${3:+"$3"} <<'P'
from campaign import *
import collections, concurrent.futures, datetime

candor, rounds, chance, folder = begin("workers")
postgres = Postgres(folder)
PERSONS, DAYS = 3, 200
# The longest that a job of a killed worker may lie: its lease of a minute, and the time of a look.
MOST = 120


class Worker:
    def __init__(self, store, number):
        self.log = store.folder / f"worker{number}.log"
        self.process = subprocess.Popen(
            [candor, "worker"], stdout=subprocess.DEVNULL, stderr=self.log.open("w"),
            env=surroundings(CANDOR_DATA_DIR=store.folder / "data", DATABASE_URL=store.url, ENV_MODE="dev"))
        atexit.register(self.process.kill)
        until(lambda: " does jobs" in self.log.read_text() or self.process.poll() is not None, 60, "a worker began")
        demand(self.process.poll() is None, "the worker ended:", self.log.read_text()[-2000:])
        self.name = next(word for word in self.log.read_text().split() if word.startswith("worker-"))


def one(number, at):
    store = Store(candor, folder / f"round{number}", postgres.database())
    database = store.url.rsplit("/", 1)[1]
    jobs = lambda what: postgres.sql(f"SELECT {what}", database)
    now = datetime.datetime.now(datetime.timezone.utc)
    # A zone in which it is eight in the morning: then a day's loop is ordered by the clock.
    offset = (8 - now.hour + 12) % 24 - 12
    zone = f"Etc/GMT{-offset:+d}" if offset else "UTC"
    persons = [f"00000000-0000-4000-8000-{index:012}" for index in range(PERSONS)]
    for index, person in enumerate(persons):
        file = store.folder / "nights.ndjson"
        days = [(now - datetime.timedelta(days=back)).date() for back in range(DAYS, 0, -1)]
        file.write_text("".join(json.dumps(
            {"metric": metric, "value": value + day.toordinal() * (7 + index) % spread, "unit": unit, "kind": kind,
             "start": f"{day}T00:10:00Z", "end": f"{day}T07:50:00Z"}) + "\n"
            for day in days for metric, value, spread, unit, kind in [
                ("sleep_duration", 400, 61, "min", "sleep"), ("hrv_rmssd", 50, 17, "ms", "recovery"),
                ("resting_heart_rate", 50, 9, "bpm", "recovery")]))
        store.asked("--person", person, "import", file)
        store.asked("--person", person, "profile", "set", "--home-zone", zone)
    workers = [Worker(store, each) for each in range(2)]
    # What the clock would order within ten minutes is ordered now.
    until(lambda: jobs("next_at FROM candor_jobs.schedules WHERE name = 'morning'"), 60, "the schedule stood")
    jobs("1; UPDATE candor_jobs.schedules SET next_at = 1 WHERE name = 'morning'")
    running = "job, worker FROM candor_jobs.jobs WHERE kind = 'loop' AND state = 'running'"
    # After so many days: by what is done and by no clock, so that on no machine the loops are over before.
    looked_at = "count(*) FROM candor_log.events WHERE type = 'day_assessed'"
    until(lambda: int(jobs(looked_at)[0][0]) >= at, 60, "so many days were looked at")
    held = collections.Counter(worker for _, worker in jobs(running))
    demand(held, "the loops were over before the kill")
    victim = next(worker for worker in workers if worker.name == held.most_common(1)[0][0])
    victim.process.kill()
    victim.process.wait()
    killed = time.monotonic()
    # What it still holds in the tables, now that it can end nothing.
    held = [job for job, worker in jobs(running) if worker == victim.name]
    demand(held, "the loops were over before the kill")
    took = {}
    while len(took) < len(held):
        rows = jobs("job, worker, state FROM candor_jobs.jobs WHERE kind = 'loop'")
        for job, worker, state in rows:
            if job in held and (state == "done" or state == "running" and worker != victim.name):
                took.setdefault(job, time.monotonic() - killed)
        demand(time.monotonic() - killed < MOST, "not taken over:", rows)
        time.sleep(0.05)
    until(lambda: jobs("count(*) FROM candor_jobs.jobs WHERE kind = 'loop' AND state <> 'done'") == [["0"]], 300,
          "every loop was done", 0.1)
    demand(jobs("count(*) FROM candor_jobs.job_dead_letters") == [["0"]], "something was given up")
    days = 0
    for person in persons:
        done = store.command("--person", person, "audit", "--type", "day_assessed")
        demand(done.returncode == 0, "audit:", done.stderr)
        assessed = collections.Counter(json.loads(line)["content"]["day"] for line in done.stdout.splitlines())
        demand(len(assessed) >= DAYS and set(assessed.values()) == {1}, "not once each:", person, assessed.most_common(3), len(assessed))
        days += len(assessed)
    # The read models go on: what is brought in now is taken in by the worker that lives, and nothing lies behind or stands still.
    models = store.asked("status")["read_models"]
    demand(models["paused"] == [], "read models stand still:", models)
    store.verify()
    survivor = next(worker for worker in workers if worker is not victim)
    survivor.process.terminate()
    demand(survivor.process.wait(30) == 0, "the worker did not stop as asked:", survivor.log.read_text()[-1000:])
    postgres.drop(store.url)
    shutil.rmtree(store.folder)
    return list(took.values()), days


with concurrent.futures.ThreadPoolExecutor(4) as rows:
    done = [rows.submit(one, number, chance.randrange(1, PERSONS * DAYS // 3)) for number in range(rounds)]
    results = [each.result() for each in done]
took = [each for times, _ in results for each in times]
print(f"workers: {rounds} workers killed in the middle of a loop, {len(took)} loops taken over by the other, {percentiles(took)} after "
      f"the kill; {sum(days for _, days in results)} days of {PERSONS * rounds} persons looked at once each, 0 twice, 0 given up, all verified")
P
