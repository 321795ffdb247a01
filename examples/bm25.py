"""Okapi BM25: an inverted index in memory that can show the arithmetic behind a score.

A document's score is the sum, over the distinct terms of the query, of

    idf * tf * (k1 + 1) / (tf + length_norm)

    idf          ln(1 + (N - n + 0.5) / (n + 0.5)); N documents, n of them have the term
    tf           how often the term stands in the document
    length_norm  k1 * (1 - b + b * length / average length); lengths in terms

Rules: no I/O and no clock; equal scores are ordered by document, so equal indexes answer alike.
"""

from __future__ import annotations

import heapq
import math
import re
from collections import Counter
from typing import NamedTuple

# A word of letters and digits; and the parts of one in CamelCase: HTTPServer is HTTP and Server.
_WORD = re.compile(r"[^\W_]+")
_PART = re.compile(r"[A-Z]+s?(?![a-z])|[A-Z]?[^\WA-Z_]+")


class Hit(NamedTuple):
    """A document that has a term of the query, and its score, without unit and above 0."""

    document: str
    score: float


class Rarity(NamedTuple):
    """How rare a term is: in how many documents it stands, and the idf that follows."""

    term: str
    documents: int
    idf: float


class Contribution(NamedTuple):
    """What one term adds to a document's score, and the factors it is made of."""

    term: str
    idf: float
    tf: int
    length_norm: float
    score: float


def tokenise(text: str) -> list[str]:
    """The terms of `text` in order: lower case, identifiers in parts, plurals as singulars.

    >>> tokenise("OrderedDict: remembers the order of its keys; copy_file2, directories")
    ['ordereddict', 'ordered', 'dict', 'remember', 'the', 'order', 'of', 'it', 'key', 'copy', \
'file2', 'directory']
    """
    terms: list[str] = []
    for word in _WORD.findall(text):
        parts = _PART.findall(word)
        terms.append(_singular(word.lower()))
        if len(parts) > 1:
            terms.extend(_singular(part.lower()) for part in parts)
    return terms


def _singular(word: str) -> str:
    """Harman's S-stemmer: three rules, of which the first that fits is applied."""
    if word.endswith("ies") and len(word) > 4 and not word.endswith(("eies", "aies")):
        return word[:-3] + "y"
    if word.endswith("es") and len(word) > 3 and not word.endswith(("aes", "ees", "oes")):
        return word[:-1]
    if word.endswith("s") and len(word) > 2 and not word.endswith(("us", "ss")):
        return word[:-1]
    return word


class Index:
    """Documents, found by the terms of their text.

    Args:
        k1: how much a term's further occurrences count, at least 0; 0 counts the first only.
        b: how much a document's length counts, from 0 (not at all) to 1.

    Raises:
        ValueError: k1 or b is out of range.

    >>> index = Index()
    >>> index.add("copy", "Copy a file.")
    >>> index.add("move", "Move a file or a directory.")
    >>> [hit.document for hit in index.search("moving directories, files")]
    ['move', 'copy']
    >>> index.explain("file", "copy")[0].score == index.search("file")[0].score
    True
    """

    def __init__(self, k1: float = 1.2, b: float = 0.75) -> None:
        if not (0 <= k1 < math.inf and 0 <= b <= 1):
            raise ValueError(f"k1 is at least 0 and b from 0 to 1, not {k1} and {b}")
        self.k1 = k1
        self.b = b
        # By term: how often it stands in which document.
        self._postings: dict[str, dict[str, int]] = {}
        self._lengths: dict[str, int] = {}
        self._total_length = 0

    def __len__(self) -> int:
        """How many documents there are."""
        return len(self._lengths)

    @property
    def term_count(self) -> int:
        """How many distinct terms there are."""
        return len(self._postings)

    @property
    def average_length(self) -> float:
        """Terms in a document on average; 0 when there is no document."""
        return self._total_length / len(self._lengths) if self._lengths else 0.0

    def length(self, document: str) -> int:
        """How many terms the document has. Raises KeyError when it is not there."""
        return self._lengths[document]

    def add(self, document: str, text: str) -> None:
        """Add `text` under the name `document`. Raises ValueError when the name is taken."""
        if document in self._lengths:
            raise ValueError(f"document {document!r} is already there")
        terms = tokenise(text)
        for term, count in Counter(terms).items():
            self._postings.setdefault(term, {})[document] = count
        self._lengths[document] = len(terms)
        self._total_length += len(terms)

    def rarity(self, query: str) -> list[Rarity]:
        """The distinct terms of `query` in order; a term no document has counts 0 documents."""
        return [
            Rarity(term, len(self._postings.get(term, ())), self._idf(term))
            for term in dict.fromkeys(tokenise(query))
        ]

    def search(self, query: str, limit: int = 10) -> list[Hit]:
        """The documents that have a term of `query`, the best first, at most `limit` of them.

        Raises:
            ValueError: `query` has no term, or `limit` is below 1.
        """
        if limit < 1:
            raise ValueError(f"limit is at least 1, not {limit}")
        terms = dict.fromkeys(tokenise(query))
        if not terms:
            raise ValueError("the query has no letter and no digit to search for")
        scores: dict[str, float] = {}
        for term in terms:
            idf = self._idf(term)
            for document, tf in self._postings.get(term, {}).items():
                added = idf * self._saturation(tf, self._length_norm(document))
                scores[document] = scores.get(document, 0.0) + added
        hits = (Hit(document, score) for document, score in scores.items())
        return heapq.nsmallest(limit, hits, key=lambda hit: (-hit.score, hit.document))

    def explain(self, query: str, document: str) -> list[Contribution]:
        """What each term of `query` that the document has adds to its score.

        Raises:
            KeyError: there is no such document.
        """
        norm = self._length_norm(document)
        parts: list[Contribution] = []
        for term, _, idf in self.rarity(query):
            tf = self._postings.get(term, {}).get(document, 0)
            if tf:
                parts.append(Contribution(term, idf, tf, norm, idf * self._saturation(tf, norm)))
        return parts

    def _idf(self, term: str) -> float:
        having = len(self._postings.get(term, ()))
        return math.log(1 + (len(self._lengths) - having + 0.5) / (having + 0.5))

    def _length_norm(self, document: str) -> float:
        # A document that has a term has a length, so the average is above 0 where it counts.
        relative = self._lengths[document] / (self.average_length or 1.0)
        return self.k1 * (1 - self.b + self.b * relative)

    def _saturation(self, tf: int, length_norm: float) -> float:
        return tf * (self.k1 + 1) / (tf + length_norm)
