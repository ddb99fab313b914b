"""Reads the pages of the sets with Python's trafilatura: peers.py SET_DIR... --jsonl OUT."""
import gzip
import json
import os
import resource
import sys
import time

import trafilatura

arguments = sys.argv[1:]
out = arguments.pop(arguments.index("--jsonl") + 1)
arguments.remove("--jsonl")
pages = size = took = 0
with open(out, "w", encoding="utf-8") as predictions:
    for folder in arguments:
        for line in open(os.path.join(folder, "truth.jsonl"), encoding="utf-8"):
            truth = json.loads(line)
            page = gzip.open(os.path.join(folder, "html", truth["id"] + ".html.gz")).read()
            start = time.perf_counter()
            text = page.decode(truth.get("encoding") or "utf-8", "replace")
            found = trafilatura.bare_extraction(
                text, url=truth.get("url"), favor_precision=True, with_metadata=True)
            took += time.perf_counter() - start
            pages += 1
            size += len(page)
            found = found.as_dict() if found else {}
            authors = [name for name in (found.get("author") or "").split("; ") if name]
            predictions.write(json.dumps({
                "id": truth["id"], "text": found.get("text") or "", "title": found.get("title"),
                "authors": authors, "date": found.get("date"), "lang": found.get("language")}) + "\n")
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(f"  {'trafilatura.py':14} {pages / took:7.0f} pages/s {size / 1e6 / took:7.1f} MB/s, peak {peak} MB")
