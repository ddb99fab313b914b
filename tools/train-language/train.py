#!/usr/bin/env python3
"""Trains the model of src/text/language/ from a folder of texts, SOURCE/LANGUAGE.txt.

    train.py --texts TEXTS --model ../../src/text/language/model.bin
    train.py --texts TEXTS --without declaration --test HELD_OUT     # a measurement

Naive Bayes over hashed n-grams, then logistic regression that starts from it and is held near it.
The same texts give the same model. Needs numpy and scipy.
"""

import argparse
import pathlib

import numpy as np
from scipy import sparse

# Script: bits of the table of buckets, and the languages written in it. The last word of a row may
# be a neighbour that nobody asked for: it is there so that its texts are not taken for another's.
SCRIPTS = {
    "latin": (16, "en fr de es it pt nl pl cs sk sl hr sr-Latn ro hu fi sv da no nn et lv lt tr az uz tk vi id "
                  "sq ca eu gl kmr is af sw tl".split()),
    "cyrillic": (16, "ru uk be bg mk sr kk ky tt ba tg mn uz-Cyrl".split()),
    "arabic": (14, "ar fa ur ckb ps ug".split()),
}
ORDER = 5
WORD = 24
CAP = {"grams": 1_000_000, "sentences": 200_000, "catalogs": 60_000, "names": 20_000, "declaration": 20_000, "news": 60_000}
# Of the drawn words many do not exist: they are to tell the shares of letters, less of words.
SAMPLED = {"grams": 100_000}
WEIGHT = {"news": 6.0, "declaration": 3.0, "sentences": 3.0, "grams": 0.1}
CLASS = {"nn": "no"}
# Two weights a byte, each between -7 and 7, plus 8.
SCALE = 7
ROW = 4


def letters(script):
    """For each code point of the BMP: the letter it counts as, 32 where it is none."""
    table = np.full(65536, 32, np.uint32)
    ranges = {
        "latin": [(0x41, 0x5A), (0x61, 0x7A), (0xC0, 0xD6), (0xD8, 0xF6), (0xF8, 0x2AF), (0x1E00, 0x1EFF)],
        "cyrillic": [(0x400, 0x481), (0x48A, 0x52F)],
        "arabic": [(0x620, 0x63F), (0x641, 0x64A), (0x66E, 0x6D3), (0x6D5, 0x6D5), (0x6FA, 0x6FF), (0x750, 0x77F)],
    }[script]
    for first, last in ranges:
        for code in range(first, last + 1):
            table[code] = ord(chr(code).lower()[0])
    for mark in "'‘’ʻʼ`´":
        table[ord(mark)] = 39
    return table


TABLES = {script: letters(script) for script in SCRIPTS}


def codes_of(text):
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    return np.where(codes < 65536, codes, 32)


def normalized(text, script):
    """Letters, runs of all else one space, a space at both ends; and where in `text` each was."""
    codes = np.concatenate([[32], TABLES[script][codes_of(text)], [32]]).astype(np.uint32)
    real = (codes != 32) & (codes != 39)
    inner = np.zeros(len(codes), bool)
    inner[1:-1] = real[:-2] & real[2:]
    codes[(codes == 39) & ~inner] = 32
    keep = np.ones(len(codes), bool)
    keep[1:] = (codes[1:] != 32) | (codes[:-1] != 32)
    return codes[keep], np.flatnonzero(keep) - 1


def step(state, code):
    state = (state ^ code) * np.uint32(0x9E3779B1)
    return state ^ (state >> np.uint32(15))


def features(text, script):
    """Buckets of the n-grams that hold no space inside, and of the words; and where each is."""
    bits = SCRIPTS[script][0]
    codes, places = normalized(text, script)
    if len(codes) < 3:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    state = step(np.full(len(codes), 0x811C9DC5, np.uint32), codes)
    found, where = [state[codes != 32]], [places[codes != 32]]
    valid = np.ones(len(codes), bool)
    for length in range(2, ORDER + 1):
        if len(codes) < length:
            break
        count = len(codes) - length + 1
        state, valid = step(state[:count], codes[length - 1:]), valid[:count]
        if length > 2:
            valid = valid & (codes[length - 2: -1] != 32)
        found.append(state[valid])
        # A gram that begins with the space before a word is of that word.
        where.append(places[1: count + 1][valid])
    starts = np.flatnonzero((codes[:-1] == 32) & (codes[1:] != 32)) + 1
    word = np.full(len(starts), 0x01000193, np.uint32)
    live = np.ones(len(starts), bool)
    for offset in range(WORD):
        at = np.minimum(starts + offset, len(codes) - 1)
        live &= codes[at] != 32
        word = np.where(live, step(word, codes[at]), word)
    found.append(word)
    where.append(places[starts])
    return (np.concatenate(found) >> np.uint32(32 - bits)).astype(np.int64), np.concatenate(where)


def read(texts, without):
    corpus = {}
    for source in sorted(p for p in texts.iterdir() if p.is_dir() and p.name not in without):
        for path in sorted(source.glob("*.txt")):
            corpus.setdefault(path.stem, {})[source.name] = path.read_text("utf-8").split("\n")
    # What a translator left as it was teaches the wrong language.
    for language, sources in corpus.items():
        for source, lines in sources.items():
            if language != "en":
                untranslated = set(corpus["en"].get(source, []))
                sources[source] = [line for line in lines if line not in untranslated]
    return corpus


def capped(lines, cap, random):
    if sum(map(len, lines)) <= cap:
        return lines
    taken, size = [], 0
    for at in random.permutation(len(lines)):
        taken.append(lines[at])
        size += len(lines[at])
        if size > cap:
            break
    return taken


def of_script(line, script):
    mine = (TABLES[script][codes_of(line)] > 39).sum()
    return mine * 2 > sum(c.isalpha() for c in line)


def matrix(samples, script):
    """A row of counts a sample."""
    width = 1 << SCRIPTS[script][0]
    # Two spaces apart, so that the end of one and the start of the next are of different rows.
    ends = np.cumsum([len(text) + 2 for text in samples])
    columns, where = features("  ".join(samples), script)
    rows = np.minimum(np.searchsorted(ends, where, side="right"), len(samples) - 1)
    return sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), (len(samples), width))


def scaled(counts):
    total = np.asarray(counts.sum(axis=1)).ravel()
    return sparse.diags(1 / np.sqrt(np.maximum(total, 1))).astype(np.float32) @ counts


def train(script, corpus, smoothing, epochs, rate, pull):
    random = np.random.default_rng(2022)
    bits, languages = SCRIPTS[script]
    width = 1 << bits
    weights = np.zeros((width, len(languages)), np.float32)
    samples, labels = [], []
    for index, language in enumerate(languages):
        counts = np.zeros(width)
        for source, lines in corpus.get(language, {}).items():
            lines = capped(lines, CAP.get(source, 50_000), random)
            joined = np.bincount(features(" ".join(lines), script)[0], minlength=width)
            counts += WEIGHT.get(source, 1.0) * joined
            lines = capped(lines, SAMPLED.get(source, CAP.get(source, 50_000)), random)
            words = " ".join(lines[at] for at in random.permutation(len(lines))).split()
            for _ in range(2 if source in ("news", "declaration") else 1):
                at = random.integers(0, 8)
                while at < len(words):
                    length = int(random.integers(2, 22))
                    samples.append(" ".join(words[at: at + length]))
                    labels.append(index)
                    at += length
        counts *= 1e6 / max(counts.sum(), 1)
        weights[:, index] = np.log(counts + smoothing)
    weights -= weights.mean(axis=1, keepdims=True)
    weights *= 0.5
    if not epochs:
        return weights
    counts, y = matrix(samples, script), np.array(labels)
    enough = np.asarray(counts.sum(axis=1)).ravel() >= 20
    x, y = scaled(counts[enough]), y[enough]
    per_class = np.bincount(y, minlength=len(languages))
    importance = (len(y) / len(languages) / np.maximum(per_class, 1)) ** 0.7
    start = weights.copy()
    squares = np.full_like(weights, 1e-4)
    batch = 512
    for epoch in range(epochs):
        order = random.permutation(len(y))
        loss = 0.0
        for first in range(0, len(order), batch):
            chosen = order[first: first + batch]
            part = x[chosen]
            scores = part @ weights
            scores -= scores.max(axis=1, keepdims=True)
            p = np.exp(scores)
            p /= p.sum(axis=1, keepdims=True)
            loss -= np.log(p[np.arange(len(chosen)), y[chosen]] + 1e-9).sum()
            p[np.arange(len(chosen)), y[chosen]] -= 1
            p *= importance[y[chosen]][:, None] / batch
            touched = np.unique(part.indices)
            gradient = part[:, touched].T @ p + pull * (weights[touched] - start[touched]) / batch
            squares[touched] += gradient ** 2
            weights[touched] -= rate * gradient / np.sqrt(squares[touched])
        print(f"  {script} epoch {epoch}: {len(y)} samples, loss {loss / len(y):.4f}", flush=True)
    return weights


def quantized(weights):
    weights = weights - weights.mean(axis=1, keepdims=True)
    limit = np.quantile(np.abs(weights), 0.98)
    return np.clip(np.rint(weights / limit * SCALE), -SCALE, SCALE).astype(np.int8), limit / SCALE


def packed(weights):
    """Rows of nibbles, the lower one first, filled up to ROW bytes."""
    width = -(-weights.shape[1] // (2 * ROW)) * 2 * ROW
    nibbles = np.full((weights.shape[0], width), 8, np.uint8)
    nibbles[:, : weights.shape[1]] = weights + 8
    return (nibbles[:, ::2] | nibbles[:, 1::2] << 4).tobytes()


def evaluate(models, folder):
    result = {}
    for path in sorted(folder.glob("*.txt")):
        language = path.stem
        script = next((s for s in SCRIPTS if language in SCRIPTS[s][1]), None)
        if script is None:
            continue
        lines = [line for line in path.read_text("utf-8").split("\n") if of_script(line, script)]
        names = [CLASS.get(n, n) for n in SCRIPTS[script][1]]
        if not lines:
            continue
        guess = (matrix(lines, script) @ models[script][0].astype(np.float32)).argmax(axis=1)
        guesses = [names[g] for g in guess]
        wrong = {}
        for g in guesses:
            if g != CLASS.get(language, language):
                wrong[g] = wrong.get(g, 0) + 1
        result[language] = (1 - sum(wrong.values()) / len(lines), dict(sorted(wrong.items(), key=lambda w: -w[1])[:4]))
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=pathlib.Path, required=True)
    parser.add_argument("--model", type=pathlib.Path)
    parser.add_argument("--without", action="append", default=[], help="a source to hold out")
    parser.add_argument("--test", action="append", default=[], type=pathlib.Path, help="LANGUAGE.txt, a text a line")
    parser.add_argument("--script", action="append", choices=SCRIPTS)
    parser.add_argument("--smoothing", type=float, default=0.1)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--rate", type=float, default=0.05)
    parser.add_argument("--pull", type=float, default=0.1)
    arguments = parser.parse_args()
    corpus = read(arguments.texts, set(arguments.without))
    models = {}
    for script in arguments.script or SCRIPTS:
        models[script] = quantized(
            train(script, corpus, arguments.smoothing, arguments.epochs, arguments.rate, arguments.pull))
    for folder in arguments.test:
        for_script = {l for s in models for l in SCRIPTS[s][1]}
        result = {l: r for l, r in evaluate({**{s: (np.zeros((1 << SCRIPTS[s][0], 1)), 0) for s in SCRIPTS}, **models},
                                            folder).items() if l in for_script}
        print(folder, "macro", round(np.mean([r[0] for r in result.values()]), 4))
        for language, (accuracy, wrong) in sorted(result.items(), key=lambda r: r[1][0]):
            print(f"  {language} {accuracy:.3f} {wrong or ''}")
    if arguments.model:
        with open(arguments.model, "wb") as file:
            for script, (weights, unit) in models.items():
                bits, languages = SCRIPTS[script]
                names = " ".join(CLASS.get(name, name) for name in languages)
                file.write(f"{script} {bits} {unit:.6f} {names}\n".encode())
            file.write(b"\n")
            for weights, _ in models.values():
                file.write(packed(weights))


if __name__ == "__main__":
    main()
