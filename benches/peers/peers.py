"""Documents per second of datasketch and rensa on a file of JSON lines: peers.py FILE."""
import json
import sys
import time

from datasketch import MinHash, MinHashLSH
from rensa import RMinHash, RMinHashLSH

texts = [json.loads(line)["text"] for line in open(sys.argv[1], encoding="utf-8")]


def shingles(text):
    words = text.lower().split()
    return [" ".join(words[i : i + 3]) for i in range(len(words) - 2)]


start = time.perf_counter()
lsh, found = MinHashLSH(threshold=0.5, num_perm=128), 0
for place, text in enumerate(texts):
    sketch = MinHash(num_perm=128)
    sketch.update_batch([s.encode() for s in shingles(text)])
    found += bool(lsh.query(sketch))
    lsh.insert(str(place), sketch)
print(f"datasketch: {len(texts) / (time.perf_counter() - start):.0f} documents/s, {found} found", flush=True)

start = time.perf_counter()
lsh, found = RMinHashLSH(threshold=0.5, num_perm=128, num_bands=32), 0
for place, text in enumerate(texts):
    sketch = RMinHash(num_perm=128, seed=1)
    sketch.update(shingles(text))
    found += bool(lsh.query(sketch))
    lsh.insert(place, sketch)
print(f"rensa: {len(texts) / (time.perf_counter() - start):.0f} documents/s, {found} found", flush=True)
