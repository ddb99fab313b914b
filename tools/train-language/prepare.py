#!/usr/bin/env python3
"""Turns unpacked packages into the folder of texts that train.py reads: SOURCE/LANGUAGE.txt, one
sentence or message a line. Downloads nothing; see README.md for the packages.

    prepare.py --packages UNPACKED --texts TEXTS

A package that is absent from UNPACKED is skipped, and said so.
"""

import argparse
import gettext
import gzip
import html
import json
import pathlib
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
WORDFREQ = {"no": "nb", "tl": "fil", "hr": "sh", "sr-Latn": "sh", "sr": "sh"}

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


SERBIAN_DIGRAPHS = [("lj", "љ"), ("nj", "њ"), ("dž", "џ")]
SERBIAN = str.maketrans("abvgdđežzijklmnoprstćufhcčš", "абвгдђежзијклмнопрстћуфхцчш")


def serbian_in_cyrillic(word):
    for latin, cyrillic in SERBIAN_DIGRAPHS:
        word = word.replace(latin, cyrillic)
    return word.translate(SERBIAN)


def words_of_standard(words, tag):
    """The list is of Croatian, Bosnian and Serbian together: where it has a word in two forms,
    `mlijeko` and `mleko`, the first is Croatian and the second Serbian."""
    known = set(words)
    ekavian = {word: word.replace("ije", "e").replace("je", "e") for word in words if "je" in word[1:-1]}
    pairs = {long: short for long, short in ekavian.items() if short in known and len(short) > 3}
    dropped = set(pairs.values()) if tag == "hr" else set(pairs)
    return [word for word in words if word not in dropped]


def mediawiki(root):
    for tag, names in LANGUAGES.items():
        for name in names:
            for path in sorted(root.glob(f"**/i18n/**/{name}.json")):
                try:
                    messages = json.loads(path.read_text("utf-8"))
                except (ValueError, OSError):
                    continue
                for key, message in messages.items():
                    if key != "@metadata" and isinstance(message, str):
                        for line in message.split("\n"):
                            yield tag, line


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


def help_pages(root):
    for tag, names in LANGUAGES.items():
        for name in names:
            if name == "en":
                name = "C"
            for path in sorted(root.glob(f"**/gnome-help/{name}/**/*.page")) + sorted(root.glob(f"**/help/{name}/**/*.page")):
                page = re.sub(r"<(credit|license|info)\b.*?</\1>", "", path.read_text("utf-8"), flags=re.S)
                for paragraph in re.findall(r"<(?:p|title)>(.*?)</(?:p|title)>", page, re.S):
                    yield tag, html.unescape(paragraph)


def word_frequencies(root):
    """The commonest words, ten a line: their weights are those of Zipf's law."""
    for tag in LANGUAGES:
        for path in sorted(root.glob(f"**/wordfreq/data/small_{WORDFREQ.get(tag, tag)}.msgpack.gz")):
            import msgpack

            words = []
            for centibels in msgpack.unpackb(gzip.decompress(path.read_bytes()), raw=False)[1:]:
                words += centibels
            words = words[:12000]
            if WORDFREQ.get(tag) == "sh":
                words = words_of_standard(words, tag)
            for rank, word in enumerate(words):
                if tag == "sr":
                    word = serbian_in_cyrillic(word)
                for _ in range(max(1, min(300, 3000 // (rank + 1)))):
                    yield tag, word


def dictionaries(root):
    for tag, pattern, step in [("kk", "**/hunspell/kk_KZ.dic", 7), ("mn", "**/hunspell/mn_MN.dic", 50), ("be", "**/hunspell/be_BY.dic", 7)]:
        for path in sorted(root.glob(pattern)):
            for line in path.read_text("utf-8", errors="ignore").split("\n")[1::step]:
                yield tag, line.split("/")[0]


SOURCES = {
    "mediawiki": mediawiki, "catalogs": catalogs, "declaration": declaration, "names": locale_names,
    "help": help_pages, "words": word_frequencies, "dictionaries": dictionaries,
}
REPEATS = {"words"}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packages", type=pathlib.Path, required=True)
    parser.add_argument("--texts", type=pathlib.Path, required=True)
    parser.add_argument("--only", action="append", choices=SOURCES, help="this source (may repeat)")
    arguments = parser.parse_args()
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
            if source not in REPEATS:
                texts = list(dict.fromkeys(texts))
            path = arguments.texts / source / f"{tag}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join(texts) + "\n", "utf-8")
        print(source, {tag: sum(map(len, texts)) // 1000 for tag, texts in sorted(lines.items())})


if __name__ == "__main__":
    main()
