#!/usr/bin/env python3
"""Turns unpacked packages into the folder of texts that train.py reads: SOURCE/LANGUAGE.txt, one
sentence or message a line. Downloads nothing; see README.md for the packages.

    prepare.py --packages UNPACKED --texts TEXTS --held-out HELD_OUT

A package that is absent from UNPACKED is skipped, and said so. Needs the package `brotli` for `grams`.
"""

import argparse
import bisect
import collections
import gettext
import html
import itertools
import json
import pathlib
import random
import re

# Our tag: the names that packages give to the language.
LANGUAGES = {
    "en": ["en"], "fr": ["fr"], "de": ["de"], "es": ["es"], "it": ["it"], "pt": ["pt", "pt-br", "pt_BR"],
    "nl": ["nl"], "pl": ["pl"], "cs": ["cs"], "sk": ["sk"], "sl": ["sl"], "hr": ["hr"],
    "sr": ["sr-ec", "sr", "sr-Cyrl"], "sr-Latn": ["sr-el", "sr@latin", "sr_Latn", "sr-Latn"],
    "bg": ["bg"], "mk": ["mk"], "ro": ["ro"], "hu": ["hu"], "fi": ["fi"], "sv": ["sv"], "da": ["da"],
    "no": ["nb", "nb_NO"], "nn": ["nn", "nn_NO"], "et": ["et"], "lv": ["lv"], "lt": ["lt"], "ru": ["ru"],
    "uk": ["uk"], "be": ["be"], "kk": ["kk-cyrl", "kk"], "ky": ["ky"], "uz": ["uz"],
    "uz-Cyrl": ["uz-Cyrl", "uz@cyrillic", "uz_Cyrl"], "tg": ["tg-cyrl", "tg"], "tt": ["tt-cyrl", "tt", "tt-Cyrl"],
    "mn": ["mn"], "ba": ["ba"], "az": ["az"], "tr": ["tr"], "tk": ["tk"], "vi": ["vi"], "id": ["id"],
    "ms": ["ms"], "sq": ["sq"], "ca": ["ca"], "eu": ["eu"], "gl": ["gl"], "kmr": ["ku-latn", "ku", "kmr"],
    "is": ["is"], "af": ["af"], "sw": ["sw"], "tl": ["tl", "fil"], "eo": ["eo"], "cy": ["cy"], "ga": ["ga"],
    "ar": ["ar"], "fa": ["fa"], "ur": ["ur"], "ckb": ["ckb"], "ps": ["ps"], "ug": ["ug-arab", "ug"],
}
UDHR = {
    "en": "eng", "fr": "fra", "de": "deu_1996", "es": "spa", "it": "ita", "pt": "por_PT", "nl": "nld", "pl": "pol",
    "cs": "ces", "sk": "slk", "sl": "slv", "hr": "hrv", "sr": "srp_cyrl", "sr-Latn": "srp_latn",
    "bg": "bul", "mk": "mkd", "ro": "ron_2006", "hu": "hun", "fi": "fin", "sv": "swe", "da": "dan", "no": "nob",
    "nn": "nno", "et": "est", "lv": "lav", "lt": "lit", "ru": "rus", "uk": "ukr", "be": "bel", "kk": "kaz",
    "ky": "kir", "uz": "uzn_latn", "uz-Cyrl": "uzn_cyrl", "tg": "tgk", "tt": "tat", "mn": "khk", "ba": "bak",
    "az": "azj_latn", "tr": "tur", "tk": "tuk_latn", "vi": "vie", "id": "ind", "ms": "mly_latn", "sq": "als",
    "ca": "cat", "eu": "eus", "gl": "glg", "kmr": "kmr", "is": "isl", "af": "afr", "sw": "swh", "tl": "tgl",
    "eo": "epo", "cy": "cym", "ga": "gle", "ar": "arb", "fa": "pes_1", "ur": "urd", "ps": "pbu",
    "ug": "uig_arab",
}
GRAMS = {"no": "nb"}
LINGUA = {
    "en": "english", "fr": "french", "de": "german", "es": "spanish", "it": "italian", "pt": "portuguese", "nl": "dutch",
    "pl": "polish", "cs": "czech", "sk": "slovak", "sl": "slovene", "hr": "croatian", "sr": "serbian", "bg": "bulgarian",
    "mk": "macedonian", "ro": "romanian", "hu": "hungarian", "fi": "finnish", "sv": "swedish", "da": "danish",
    "no": "bokmal", "nn": "nynorsk", "et": "estonian", "lv": "latvian", "lt": "lithuanian", "ru": "russian",
    "uk": "ukrainian", "be": "belarusian", "kk": "kazakh", "mn": "mongolian", "az": "azerbaijani", "tr": "turkish",
    "vi": "vietnamese", "id": "indonesian", "sq": "albanian", "ca": "catalan", "eu": "basque", "is": "icelandic",
    "af": "afrikaans", "sw": "swahili", "tl": "tagalog", "cy": "welsh", "ga": "irish", "eo": "esperanto", "ar": "arabic",
    "fa": "persian", "ur": "urdu",
}

MARKUP = re.compile(
    r"<(style|script)[^>]*>.*?</\1>|<[^>]+>|https?://\S+|\$\d|%(\(\w+\))?[-#0 +]*[\d.]*[a-zA-Z]|\{\{\s*\w+\s*:[^|{}]*\||"
    r"\[\[[^|\[\]]*\||\{\{[^{}|]*\}\}|&\w+;|--\w+|[\w.-]+\.(php|css|js|txt|json)\b|[\[\]{}|='\"_#*`]", re.S)

CYRILLIC_UZBEK = [
    ("o'", "ў"), ("g'", "ғ"), ("sh", "ш"), ("ch", "ч"), ("yo", "ё"), ("ya", "я"), ("yu", "ю"), ("ye", "е"),
    ("a", "а"), ("b", "б"), ("d", "д"), ("e", "е"), ("f", "ф"), ("g", "г"), ("h", "ҳ"), ("i", "и"), ("j", "ж"),
    ("k", "к"), ("l", "л"), ("m", "м"), ("n", "н"), ("o", "о"), ("p", "п"), ("q", "қ"), ("r", "р"), ("s", "с"),
    ("t", "т"), ("u", "у"), ("v", "в"), ("x", "х"), ("y", "й"), ("z", "з"), ("'", "ъ"), ("c", "ц"), ("w", "в"),
]


def uzbek_in_cyrillic(line):
    line = re.sub(r"[‘’ʻʼ`]", "'", line.lower())
    line = re.sub(r"\be", "э", line)
    for latin, cyrillic in CYRILLIC_UZBEK:
        line = line.replace(latin, cyrillic)
    return line


SERBIAN = dict(zip("абвгдђежзијклмнопрстћуфхцчш", "abvgdđežzijklmnoprstćufhcčš")) | {"љ": "lj", "њ": "nj", "џ": "dž"}


def serbian_in_latin(line):
    both = SERBIAN | {cyrillic.upper(): latin.capitalize() for cyrillic, latin in SERBIAN.items()}
    return "".join(both.get(c, c) for c in line)


def sentences(root):
    """Every other sentence, and the pairs of words and words that no sentence held out has."""
    for tag, name in LINGUA.items():
        for folder in sorted(root.glob(f"**/lingua-{name}-language-model*/testdata")):
            taught, held_out = halves(folder)
            held_out = "\n".join(held_out).lower()
            words = [line for kind in ("word-pairs", "single-words") for line in lines_of(folder / f"{kind}.txt")]
            taught += [line for line in words if line.lower() not in held_out or " " not in line]
            for line in taught:
                yield tag, line
                if tag == "sr":
                    yield "sr-Latn", serbian_in_latin(line)


def halves(folder):
    lines = lines_of(folder / "sentences.txt")
    return lines[::2], lines[1::2]


def lines_of(path):
    return [line for line in path.read_text("utf-8").split("\n") if line]


def hold_out(root, folder):
    """The other half of the sentences, whole and cut to eight words."""
    for tag, name in LINGUA.items():
        for testdata in sorted(root.glob(f"**/lingua-{name}-language-model*/testdata")):
            lines = halves(testdata)[1]
            tags = [(tag, lines)]
            if tag == "sr":
                tags.append(("sr-Latn", [serbian_in_latin(line) for line in lines]))
            for tag, lines in tags:
                cut = [" ".join(line.split()[:8]) for line in lines if len(line.split()) >= 5]
                for kind, lines in (("sentences", lines), ("titles", cut)):
                    path = folder / kind / f"{tag}.txt"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text("\n".join(lines) + "\n", "utf-8")


def catalogs(root):
    for tag, names in LANGUAGES.items():
        for name in names:
            for path in sorted(root.glob(f"**/{name}/LC_MESSAGES/*.mo")):
                with open(path, "rb") as file:
                    try:
                        catalog = gettext.GNUTranslations(file)._catalog
                    except Exception:  # a catalogue that gettext cannot read teaches nothing
                        continue
                for source, message in catalog.items():
                    if isinstance(message, str) and source and message != source:
                        yield tag, message.replace("_", "")


def declaration(root):
    for tag, code in UDHR.items():
        for path in sorted(root.glob(f"**/declaration/{code}.html")):
            page = path.read_text("utf-8").split("<body>")[-1]
            for paragraph in re.findall(r"<(?:p|h\d)>(.*?)</(?:p|h\d)>", page, re.S):
                yield tag, html.unescape(paragraph)


def locale_names(root):
    for tag, names in LANGUAGES.items():
        for name in names:
            for path in sorted(root.glob(f"**/cldr-localenames-full/main/{name}/*.json")):
                if path.stem not in ("territories", "languages"):
                    continue
                for value in leaves(json.loads(path.read_text("utf-8"))):
                    yield tag, value


def leaves(value):
    if isinstance(value, dict):
        for inner in value.values():
            yield from leaves(inner)
    elif isinstance(value, str):
        yield value


def grams(root):
    """Words drawn by the shares of letter n-grams in a million sentences of news."""
    for tag in LINGUA:
        for folder in sorted(root.glob(f"**/lingua/language-models/{GRAMS.get(tag, tag)}")):
            chain, chance = word_chain(gram_shares(folder)), random.Random(2022)
            words = []
            while sum(map(len, words)) < GRAM_TEXT:
                words += [draw_word(chain, chance) for _ in range(1000)]
            for at in range(0, len(words), 12):
                line = " ".join(words[at: at + 12])
                yield tag, line
                if tag == "sr":
                    yield "sr-Latn", serbian_in_latin(line)


GRAM_TEXT = 850_000
ORDERS = ["unigrams", "bigrams", "trigrams", "quadrigrams", "fivegrams"]


def gram_shares(folder):
    """For each order the share of each n-gram among all letters. The files give it after its first letters."""
    import brotli
    shares = [{"": 1.0}]
    for name in ORDERS:
        rows = json.loads(brotli.decompress((folder / f"{name}.json.br").read_bytes()))["ngrams"]
        shares.append({
            gram: int(fraction.split("/")[0]) / int(fraction.split("/")[1]) * shares[-1].get(gram[:-1], 0.0)
            for fraction, row in rows.items() for gram in row.split(" ")})
    return shares


def word_chain(shares):
    """By the letters before, `^` for the beginning of the word: the next letters or the end, and their shares summed.

    What of an n-gram's share no longer one accounts for is of those at the beginning, or at the end, of a word.
    """
    following = collections.defaultdict(dict)
    begins = []
    for order in range(1, len(ORDERS)):
        inside = collections.Counter()
        for gram, share in shares[order + 1].items():
            inside[gram[1:]] += share
        begins.append({gram: share - inside[gram] for gram, share in shares[order].items()})
        for gram, share in begins[-1].items():
            following["^" + gram[:-1]][gram[-1]] = share
    for gram, share in shares[-1].items():
        following[gram[:-1]][gram[-1]] = share
    known = {"^" + gram: share for begin in begins[:-1] for gram, share in begin.items()} | shares[-2]
    for gram, share in known.items():
        following[gram][""] = share - sum(following[gram].values())
    chain = {}
    for gram, options in following.items():
        options = {letter: share for letter, share in options.items() if share > 1e-12}
        chain[gram] = list(options), list(itertools.accumulate(options.values()))
    return chain


def draw_word(chain, chance):
    word, before = "", "^"
    while chain.get(before, ([], []))[0]:
        letters, sums = chain[before]
        letter = letters[bisect.bisect(sums, chance.random() * sums[-1], 0, len(sums) - 1)]
        if not letter:
            break
        word += letter
        before = "^" + word if len(word) < len(ORDERS) - 1 else word[1 - len(ORDERS):]
    return word


SOURCES = {"sentences": sentences, "catalogs": catalogs, "declaration": declaration, "names": locale_names,
           "grams": grams}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packages", type=pathlib.Path, required=True)
    parser.add_argument("--texts", type=pathlib.Path, required=True)
    parser.add_argument("--only", action="append", choices=SOURCES, help="this source (may repeat)")
    parser.add_argument("--held-out", type=pathlib.Path, help="for the sentences to measure by")
    arguments = parser.parse_args()
    if arguments.held_out:
        hold_out(arguments.packages, arguments.held_out)
    for source, read in SOURCES.items():
        if arguments.only and source not in arguments.only:
            continue
        lines = {}
        for tag, line in read(arguments.packages):
            line = " ".join(MARKUP.sub(" ", line).split())
            if len(line) > 1:
                lines.setdefault(tag, []).append(line)
        if "uz-Cyrl" not in lines and "uz" in lines:
            lines["uz-Cyrl"] = [uzbek_in_cyrillic(line) for line in lines["uz"]]
        if not lines:
            print(f"{source}: no package")
        for tag, texts in sorted(lines.items()):
            texts = list(dict.fromkeys(texts))
            path = arguments.texts / source / f"{tag}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join(texts) + "\n", "utf-8")
        print(source, {tag: sum(map(len, texts)) // 1000 for tag, texts in sorted(lines.items())})


if __name__ == "__main__":
    main()
