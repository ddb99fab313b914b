#!/usr/bin/env python3
"""Trains the choice of blocks (src/article/body/model.txt) from pages with known text.

    cargo bench --bench extraction -- SET_DIR... --blocks blocks.jsonl
    tools/train_blocks.py blocks.jsonl SET_DIR...                     # trains on all, writes the model
    tools/train_blocks.py blocks.jsonl SET_DIR... --cross-validate    # then scores unseen publishers

A set is a folder with truth.jsonl, as benches/extraction reads it. A block's label is the share of
its four-token shingles that stand in the page's true text. Every page is learned from twice: as it
is, and with some kinds of class names forgotten, as on the pages of a publisher who names them
otherwise. For the cross-validation, the publishers are dealt to folds; for each fold a model is
trained on the others, and the fold's pages are read with it; the predictions of all folds go to
cross-validated.jsonl. `--deal` deals them otherwise: what is gained by one dealing only is luck.

Needs lightgbm and numpy. The same input gives the same model.
"""
import argparse
import collections
import hashlib
import json
import os
import re
import subprocess
import tempfile

import lightgbm
import numpy

HERE = os.path.dirname(os.path.abspath(__file__))
MODEL = os.path.join(HERE, "..", "src", "article", "body", "model.txt")
FOLDS = 4
# The beginnings of the names of features that tell of class names, and others that rest on them.
MARKS = ("own", "near", "around", "apart")
ON_MARKS = {"in_entry": -1, "entry_share": -1, "declared_body": 0}
FORGOTTEN = 0.5
WORD = re.compile(r"\w+")
SHINGLE = 4
# The values of two forests are averaged: one is right by luck on some sites and wrong on others.
SEEDS = (1, 2)
TREES = 180
PARAMETERS = {
    "objective": "cross_entropy",
    "num_leaves": 16,
    "learning_rate": 0.12,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.3,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 10,
    "max_bin": 63,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbose": -1,
}


def fold_of(publisher, deal):
    return int(hashlib.md5((deal + publisher).encode()).hexdigest(), 16) % FOLDS


def shingles(tokens):
    if len(tokens) < SHINGLE:
        return collections.Counter([tuple(tokens)] if tokens else [])
    return collections.Counter(zip(*(tokens[i:] for i in range(SHINGLE))))


def labels(blocks, text):
    """The share of each block's shingles that the text has, each shingle of the text counted once."""
    true_tokens = WORD.findall(text)
    left = shingles(true_tokens)
    lines = {" ".join(WORD.findall(line)) for line in text.split("\n")}
    true_line = "\0" + "\0".join(true_tokens) + "\0"
    found = numpy.zeros(len(blocks))
    for at, tokens in enumerate(blocks):
        if len(tokens) >= SHINGLE:
            own = shingles(tokens)
            found[at] = sum(min(n, left[s]) for s, n in own.items()) / sum(own.values())
            if found[at] >= 0.5:
                for shingle, count in own.items():
                    left[shingle] = max(0, left[shingle] - count)

    def stands_beside(at, tokens):
        before = [k for k in range(max(0, at - 3), at) if found[k] >= 0.5]
        after = [k for k in range(at + 1, min(len(blocks), at + 4)) if found[k] >= 0.5]
        joints = [blocks[k][-2:] + tokens for k in before[-1:]]
        joints += [tokens + blocks[k][:2] for k in after[:1]]
        return any(len(j) >= 3 and "\0" + "\0".join(j) + "\0" in true_line for j in joints)

    for at, tokens in enumerate(blocks):
        if 0 < len(tokens) < SHINGLE:
            found[at] = 0.9 if " ".join(tokens) in lines or stands_beside(at, tokens) else 0.0
    return found


def load(dump, sets, deal):
    truth = {}
    for folder in sets:
        with open(os.path.join(folder, "truth.jsonl"), encoding="utf-8") as file:
            for line in file:
                page = json.loads(line)
                if page.get("text"):
                    truth[page["id"]] = page
    pages = []
    with open(dump, encoding="utf-8") as file:
        for line in file:
            page = json.loads(line)
            if page["id"] not in truth:
                continue
            known = truth[page["id"]]
            tokens = [WORD.findall(block["text"]) for block in page["blocks"]]
            label = labels(tokens, known["text"])
            asked = [k for k, block in enumerate(page["blocks"]) if block["features"]]
            if not asked:
                continue
            words = numpy.array([len(tokens[k]) for k in asked], float)
            length = max(20, len(WORD.findall(known["text"])))
            weight = numpy.minimum(words, 300) / length + 0.002
            pages.append({
                "id": page["id"],
                "fold": fold_of(page["publisher"], deal),
                "rows": numpy.array([page["blocks"][k]["features"] for k in asked], numpy.float32),
                "label": label[asked],
                # Every page counts the same, whatever its length, also where the truth is cut short.
                "weight": weight / weight.sum(),
            })
            names = page["features"]
    return names, pages


def forgetful(names, pages, seed):
    """The pages once more, each without some kinds of class names."""
    chance = numpy.random.default_rng(seed)
    kinds = sorted({name.split("_", 1)[1] for name in names if name.split("_")[0] in MARKS})
    for page in pages:
        rows = page["rows"].copy()
        forgotten = {kind for kind in kinds if chance.random() < FORGOTTEN}
        for at, name in enumerate(names):
            place, _, kind = name.partition("_")
            if place in MARKS and kind in forgotten:
                rows[:, at] = 0
            elif name in ON_MARKS and "entry" in forgotten:
                rows[:, at] = ON_MARKS[name]
        yield {**page, "rows": rows}


def train(names, pages):
    return [train_one(names, [*pages, *forgetful(names, pages, seed)], seed) for seed in SEEDS]


def train_one(names, pages, seed):
    weight = numpy.concatenate([page["weight"] for page in pages])
    data = lightgbm.Dataset(
        numpy.vstack([page["rows"] for page in pages]),
        numpy.concatenate([page["label"] for page in pages]),
        weight=weight / weight.mean(),
        feature_name=names,
        params={"verbose": -1, "max_bin": PARAMETERS["max_bin"]},
    )
    return lightgbm.train({**PARAMETERS, "seed": seed}, data, TREES)


def write(models, names, path):
    with open(path, "w", encoding="utf-8") as file:
        file.write("# Written by tools/train_blocks.py. A line is a tree: name:threshold:left:right\n")
        file.write("# of each branch (a child below zero is leaf -1 - child), then the leaves; an\n")
        file.write("# empty line stands between forests.\n")
        for nth, tree in enumerate(
                tree for model in models for tree in model.dump_model()["tree_info"]):
            if nth and nth % TREES == 0:
                file.write("\n")
            branches, leaves = [], []

            def walk(node):
                if "leaf_value" in node:
                    leaves.append(node["leaf_value"])
                    return -len(leaves)
                at = len(branches)
                branches.append(None)
                threshold = numpy.float32(node["threshold"])
                if float(threshold) > node["threshold"]:
                    threshold = numpy.nextafter(threshold, numpy.float32(-numpy.inf))
                left, right = walk(node["left_child"]), walk(node["right_child"])
                branches[at] = f"{names[node['split_feature']]}:{threshold!s}:{left}:{right}"
                return at

            walk(tree["tree_structure"])
            file.write(" ".join(branches) + " | " + " ".join(f"{v / len(models):.5g}" for v in leaves) + "\n")


def cross_validate(names, pages, sets, reader, deal):
    predictions = []
    with tempfile.TemporaryDirectory() as folder:
        for fold in range(FOLDS):
            model = os.path.join(folder, "model.txt")
            write(train(names, [page for page in pages if page["fold"] != fold]), names, model)
            parts = [part(path, fold, folder, deal) for path in sets]
            out = os.path.join(folder, "predictions.jsonl")
            subprocess.run([*reader, *parts, "--model", model, "--jsonl", out],
                           check=True, stdout=subprocess.DEVNULL)
            with open(out, encoding="utf-8") as file:
                predictions += file
    with open("cross-validated.jsonl", "w", encoding="utf-8") as file:
        file.writelines(predictions)


def part(path, fold, folder, deal):
    """The pages of a set whose publishers are in the fold, as a set."""
    name = os.path.join(folder, f"{fold}-{os.path.basename(os.path.abspath(path))}")
    os.makedirs(name)
    os.symlink(os.path.abspath(os.path.join(path, "html")), os.path.join(name, "html"))
    with open(os.path.join(path, "truth.jsonl"), encoding="utf-8") as truth, \
            open(os.path.join(name, "truth.jsonl"), "w", encoding="utf-8") as file:
        file.writelines(
            line for line in truth if fold_of(json.loads(line)["publisher"], deal) == fold)
    return name


def main():
    global FOLDS
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("blocks")
    parser.add_argument("sets", nargs="+")
    parser.add_argument("--cross-validate", action="store_true")
    parser.add_argument("--deal", default="", help="any word")
    parser.add_argument("--folds", type=int, default=FOLDS)
    parser.add_argument("--reader", default="cargo bench --bench extraction --",
                        help="the built benchmark, to spare cargo's checks")
    options = parser.parse_args()
    FOLDS = options.folds
    names, pages = load(options.blocks, options.sets, options.deal)
    if options.cross_validate:
        cross_validate(names, pages, options.sets, options.reader.split(), options.deal)
    write(train(names, pages), names, MODEL)


if __name__ == "__main__":
    main()
