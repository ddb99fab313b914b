#!/usr/bin/env python3
"""Ends newswatch, or fails its system call, at the N-th write, sync and rename of a pass, for every N.

    tools/kill_at_every_call.py PROGRAM [--error EIO] [--step N] [--calls pwrite64,fdatasync,...]

Each pass is `newswatch demo --once` in a folder of its own under strace, which sends SIGKILL at the
N-th call (or makes it fail with --error). Then the archive is recovered by `archive reindex` and:
every record that the state had acknowledged is a line of the archive, exactly once; `archive verify`
finds nothing; and `archive` plus what was set aside is not shorter than before. Needs strace.
"""
import argparse, collections, glob, json, os, shutil, sqlite3, subprocess, sys, tempfile

parser = argparse.ArgumentParser()
parser.add_argument("program")
parser.add_argument("--error")
parser.add_argument("--step", type=int, default=1)
parser.add_argument("--calls", default="pwrite64,write,fdatasync,fsync,rename,ftruncate,unlink")
args = parser.parse_args()
program = os.path.abspath(args.program)
if not shutil.which("strace"):
    sys.exit("skipped: there is no strace")


def run(folder, *arguments):
    command = [program, "--config", os.path.join(folder, "config"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def demo(folder, *strace):
    """A pass."""
    command = ["strace", "-f", "-qq", "-o", os.path.join(folder, "..", "trace"), *strace]
    command += [program, "demo", "--once", "--folder", folder]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def lines(folder):
    found = []
    for path in sorted(glob.glob(folder + "/archive/*/*/*.jsonl")):
        found += open(path, "rb").read().splitlines(keepends=True)
    return [line for line in found if line.endswith(b"\n")]


def acknowledged(folder):
    path = folder + "/state/state.sqlite"
    if not os.path.exists(path):
        return []
    try:
        return [row[0] for row in sqlite3.connect(path).execute("SELECT record FROM place")]
    except sqlite3.OperationalError:  # not even the tables were there
        return []


def stored(folder):
    return sum(os.path.getsize(p) for p in glob.glob(folder + "/archive/*/*/*") if not p.endswith(".tmp"))


total = collections.Counter()
for call in args.calls.split(","):
    n = 0
    while True:
        n += args.step
        work = tempfile.mkdtemp()
        folder = os.path.join(work, "demo")
        os.mkdir(folder)
        effect = f"error={args.error}" if args.error else "signal=KILL"
        demo(folder, "-e", f"trace={call}", "-e", f"inject={call}:{effect}:when={n}")
        trace = open(os.path.join(work, "trace"), errors="replace").read()
        if not ("INJECTED" in trace if args.error else "killed by SIGKILL" in trace):
            shutil.rmtree(work)
            break  # the pass has fewer calls of this kind
        before, known = stored(folder), acknowledged(folder)
        torn = run(folder, "archive", "reindex")
        have = collections.Counter(json.loads(line)["id"] for line in lines(folder))
        faults = [f"{id}: {have[id]} times" for id in known if have[id] != 1]
        faults += [f"{id} is doubled" for id, count in have.items() if count > 1]
        if os.path.isdir(folder + "/archive"):
            verify = run(folder, "archive", "verify")
            if torn.returncode or verify.returncode:
                faults.append(torn.stderr + verify.stdout + verify.stderr)
        if stored(folder) < before:
            faults.append(f"{before - stored(folder)} bytes disappeared")
        total[call, "faults" if faults else "sound"] += 1
        if faults:
            print(call, n, faults, folder, flush=True)
        else:
            shutil.rmtree(work)
for (call, result), count in sorted(total.items()):
    print(f"{call}: {count} {result}")
sys.exit(any(result == "faults" for _, result in total) or not total)
