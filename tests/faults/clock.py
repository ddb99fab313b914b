#!/usr/bin/env python3
"""Runs newswatch by a wrong clock, and by one that jumps: no storm of polls, no stall, no panic.

    clock.py PROGRAM [LIBFAKETIME]

Each case is `newswatch run` in a folder and a network of its own for most of a minute, its wall clock
faked by libfaketime (Debian: faketime); the machine's clock is never touched. What it polls is the demo's
site, which another process serves by the right clock: 11 feeds, every 5 to 30 seconds. In each half of
the time the log must tell of as many polls as that allows; the program must end when it is told to, and
`archive verify` must find nothing.
"""
import concurrent.futures, glob, os, re, shutil, signal, subprocess, sys, tempfile, time

program = os.path.abspath(sys.argv[1])
found = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
library = sys.argv[2] if len(sys.argv) > 2 else found[0] if found else ""
if not os.path.exists(library):
    sys.exit("skipped: there is no libfaketimeMT.so.1")
HALF = 25  # seconds
CASES = [  # the clock in the first half and in the second
    ("as it is", "+0", "+0"),
    ("two hours back", "-2h", "-2h"),
    ("a day ahead", "+1d", "+1d"),
    ("1960", "@1960-06-01 00:00:00", "@1960-06-01 00:00:00"),
    ("past 2038", "@2038-01-19 03:13:57", "@2038-01-19 03:13:57"),
    ("the year 9999", "@9999-12-01 00:00:00", "@9999-12-01 00:00:00"),
    ("past the year 9999", "@9999-12-31 23:59:50", "@9999-12-31 23:59:50"),
    ("jumps two hours back", "+0", "-2h"),
    ("jumps two hours ahead", "+0", "+2h"),
    ("jumps a day ahead", "+0", "+1d"),
    ("jumps back to 1960", "+0", "@1960-06-01 00:00:00"),
    ("jumps ahead to 9999", "+0", "@9999-12-01 00:00:00"),
    ("comes back from 9999", "@9999-12-01 00:00:00", "+0"),
]


def polls(path):
    text = re.sub(r"\x1b\[[0-9;]*m", "", open(path, errors="replace").read())
    return len(re.findall(r"INFO polled", text)), text


def case(name, first, second):
    work = tempfile.mkdtemp(prefix="newswatch-")
    clock, log = work + "/clock", work + "/log"
    with open(clock, "w") as file:
        file.write(first + "\n")
    environment = dict(os.environ, LD_PRELOAD=library, FAKETIME_TIMESTAMP_FILE=clock,
                       FAKETIME_NO_CACHE="1", FAKETIME_DONT_FAKE_MONOTONIC="1", NO_COLOR="1")
    # The site gets a while, and ends with the network.
    start = 'ip link set lo up; "$0" demo --folder "$1" 2> /dev/null > /dev/null & site=$!; sleep 5; ' \
            'shift; "$@" & trap "kill -INT $!" INT; wait $!; wait $!; status=$?; kill $site; exit $status'
    alone = ["unshare", "--map-root-user", "--net", "sh", "-c", start, program, work + "/demo"]
    mine = ["--config", work + "/demo/config", "--set", f"archive.folder={work}/archive",
            "--set", f"state.folder={work}/state"]
    # Only the program goes by the wrong clock, not what starts it.
    settings = [f"{key}={environment.pop(key)}" for key in
                ("LD_PRELOAD", "FAKETIME_TIMESTAMP_FILE", "FAKETIME_NO_CACHE", "FAKETIME_DONT_FAKE_MONOTONIC")]
    daemon = subprocess.Popen([*alone, "env", *settings, program, *mine, "run"],
                              stdout=subprocess.DEVNULL, stderr=open(log, "w"), env=environment)
    try:
        time.sleep(5 + HALF)
        before, _ = polls(log)
        with open(clock + ".new", "w") as file:
            file.write(second + "\n")
        os.rename(clock + ".new", clock)
        time.sleep(HALF)
        after, text = polls(log)
        after -= before
        status = daemon.poll()
        wrong = [] if status is None else [f"it ended by itself with {status}"]
        daemon.send_signal(signal.SIGINT)
        try:
            daemon.wait(30)
        except subprocess.TimeoutExpired:
            wrong.append("it does not stop")
        if "panicked" in text:
            wrong.append("a panic")
        # Eleven feeds, each at most every 5 s and at least every 30 s, and once more.
        for half, count in (("first", before), ("second", after)):
            # A clock that cannot be written stands still: safe is all that it has to be.
            if count < 6 and "past the year" not in name:
                wrong.append(f"a stall: {count} polls in the {half} half")
            if count > 84:
                wrong.append(f"a storm: {count} polls in the {half} half")
        verify = subprocess.run([program, *mine, "archive", "verify"],
                                capture_output=True, text=True)
        if verify.returncode:
            wrong.append(verify.stdout + verify.stderr)
        if wrong:
            wrong.append(text[-1500:])
        records = verify.stdout.split("\n")[0]
        return name, before, after, records, wrong
    finally:
        daemon.kill()
        daemon.wait()
        shutil.rmtree(work, ignore_errors=True)


failed = 0
with concurrent.futures.ThreadPoolExecutor(5) as pool:
    for name, before, after, records, wrong in pool.map(lambda it: case(*it), CASES):
        print(f"{name}: {before} polls, then {after}; {records}", *wrong, sep="\n  ", flush=True)
        failed += bool(wrong)
print(f"{len(CASES)} clocks, {failed} of them did harm")
sys.exit(1 if failed else 0)
