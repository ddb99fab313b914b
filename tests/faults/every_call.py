#!/usr/bin/env python3
"""Ends newswatch, or fails its system call, at the N-th write, sync, rename, … of a pass, for every N.

    every_call.py PROGRAM [--error EIO,ENOSPC,…] [--calls CALL,…] [--step N] [--jobs N] [--retain]

Each pass is `newswatch demo --once` in a folder and a network of its own under strace, which sends
SIGKILL at the N-th call or makes it fail with an error. Failing is confined to the archive's files by
their absolute paths, and counted: a case in which strace injected nothing ends the series. After each
case, without a hand:

- a second pass ends well, and then every record of an undisturbed pass is there exactly once, or its
  page waits to be read later;
- every record that the state had acknowledged when the fault struck is among them;
- `archive verify` finds nothing, and no byte is gone that was there after the fault.

Needs strace and the right to make network namespaces. About 4 s a case; --jobs of them at once.
"""
import argparse, collections, concurrent.futures, datetime, glob, gzip, json, os, shutil, sqlite3
import subprocess, sys, tempfile

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
parser.add_argument("program")
parser.add_argument("--error", help="errors instead of SIGKILL")
parser.add_argument("--calls")
parser.add_argument("--step", type=int, default=1)
parser.add_argument("--jobs", type=int, default=4)
parser.add_argument("--retain", action="store_true", help="drop the oldest segments meanwhile")
args = parser.parse_args()
program = os.path.abspath(args.program)
kill_calls = "pwrite64,write,writev,fdatasync,fsync,rename,ftruncate,unlink,mkdir,openat"
error_calls = "pwrite64,fdatasync,fsync,rename,ftruncate,unlink,mkdir,openat"
calls = (args.calls or (error_calls if args.error else kill_calls)).split(",")
settings = ["politeness.delay=5ms", "archive.raw=warc", "archive.rotate_size=40kB"]
if args.retain:
    settings.append("archive.retain_size=300kB")
options = [word for setting in settings for word in ("--set", setting)]


def run(*command, timeout=240):
    alone = ["unshare", "--map-root-user", "--net", "sh", "-c", 'ip link set lo up; exec "$@"', "sh"]
    return subprocess.run([*alone, *command], capture_output=True, text=True, errors="replace",
                          timeout=timeout)


def demo(folder, *before):
    return run(*before, program, *options, "demo", "--once", "--folder", folder)


def lines(folder):
    found = []
    for path in sorted(glob.glob(folder + "/archive/*/*/*.jsonl*")):
        data = gzip.open(path).read() if path.endswith(".gz") else open(path, "rb").read()
        found += [json.loads(line) for line in data.split(b"\n")[:-1]]
    for path in sorted(glob.glob(folder + "/archive/*/*/*.dropped.gz")):
        if not glob.glob(path.replace(".dropped.gz", ".jsonl*")):
            found += map(json.loads, gzip.open(path))
    return collections.Counter(line["id"] for line in found)


def ask(folder, query):
    try:
        # A copy: looking must not recover what the program is to recover.
        with tempfile.TemporaryDirectory() as copy:
            for path in glob.glob(folder + "/state/state.sqlite*"):
                shutil.copy(path, copy)
            return {row[0] for row in sqlite3.connect(copy + "/state.sqlite").execute(query)}
    except sqlite3.OperationalError:  # not even its tables were there
        return set()


def acknowledged(folder):
    return ask(folder, "SELECT record FROM place")


def waiting(folder):
    return len(ask(folder, "SELECT url FROM pending"))


def stored(folder):
    """Bytes, those of compressed segments unpacked."""
    total = 0
    for path in glob.glob(folder + "/archive/*/*/*"):
        if path.endswith(".jsonl.gz"):
            total += 0 if os.path.exists(path[:-3]) else len(gzip.open(path).read())
        elif not path.endswith(".tmp"):
            total += os.path.getsize(path)
    return total


def files(folder):
    """What an error may strike: the archive's files as they will be called."""
    now = datetime.datetime.now(datetime.timezone.utc)
    month = f"{folder}/archive/{now:%Y/%m}"
    names = [f"{now:%Y-%m-%d}"] + [f"{now:%Y-%m-%d}_{part:04}" for part in range(2, 30)]
    own = [folder + "/archive" + name for name in ("", "/.lock", "/HEAD", "/HEAD.tmp", f"/{now:%Y}")]
    return own + [month] + [f"{month}/{name}.{end}" for name in names for end in
                            ("jsonl", "warc.gz", "jsonl.gz", "gz.tmp", "dropped.gz", "dropped.gz.tmp")]


def case(call, error, number, expected):
    """Whether the fault struck, and what was wrong afterwards."""
    work = tempfile.mkdtemp(prefix="newswatch-")
    folder, trace = work + "/demo", work + "/trace"
    os.mkdir(folder)
    effect = f"error={error}" if error else "signal=KILL"
    strace = ["strace", "-f", "-q", "-o", trace, "-e", f"trace={call}",
              "-e", f"inject={call}:{effect}:when={number}"]
    if error:
        strace += [word for path in files(folder) for word in ("-P", path)]
    try:
        ran = demo(folder, *strace)
        struck = "(INJECTED)" in open(trace, errors="replace").read() if error else ran.returncode == -9
        if not struck:
            return False, []
        before, known = stored(folder), acknowledged(folder)
        again = demo(folder)
        have = lines(folder)
        faults = [f"acknowledged and lost: {id}" for id in known if not have[id]]
        # A page that had answered 429 when the fault struck waits longer at the second one.
        missing = [id for id in expected if not have[id]]
        faults += [f"missing: {id}" for id in missing] if len(missing) > waiting(folder) else []
        faults += [f"{count} times: {id}" for id, count in have.items() if count > 1]
        verify = run(program, "--config", folder + "/config", "archive", "verify")
        if again.returncode not in (0, 3):
            faults.append(f"the next pass ended with {again.returncode}: {again.stderr[-500:]}")
        if verify.returncode:
            faults.append(verify.stdout + verify.stderr)
        if "panicked" in ran.stderr + again.stderr:
            faults.append("a panic")
        if stored(folder) < before and not args.retain:
            faults.append(f"{before - stored(folder)} bytes disappeared")
        return True, faults
    except subprocess.TimeoutExpired:
        return True, ["it hangs"]
    finally:
        shutil.rmtree(work)


def main():
    if not shutil.which("strace") or run("true").returncode:
        sys.exit("skipped: this needs strace and the right to make a network namespace")
    with tempfile.TemporaryDirectory() as folder:
        demo(folder)
        expected = set(lines(folder))
    if not expected:
        sys.exit("an undisturbed pass wrote nothing")
    print(f"{len(expected)} records in an undisturbed pass", flush=True)
    failed, total = 0, 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for error in (args.error or "").split(","):
            for call in calls:
                number, sound, wrong, over = 1, 0, 0, False
                while not over:
                    numbers = range(number, number + args.jobs * args.step, args.step)
                    number = numbers[-1] + args.step
                    for at, (struck, faults) in zip(numbers, pool.map(
                            lambda at: case(call, error, at, expected), numbers)):
                        over |= not struck
                        if faults:
                            print(f"{call} {at} {error}:", *faults, sep="\n  ", flush=True)
                        wrong += bool(faults)
                        sound += struck and not faults
                print(f"{call} {error or 'SIGKILL'}: {sound} sound, {wrong} wrong", flush=True)
                failed, total = failed + wrong, total + sound + wrong
    print(f"{total} faults, {failed} of them did harm")
    sys.exit(1 if failed or not total else 0)


main()
