"""Finding communes by what people type: today's names, old names, codes, accents or not."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

from sqlalchemy import ColumnElement, and_, case, exists, literal, or_, select
from sqlalchemy.orm import InstrumentedAttribute, joinedload

from market.domain.errors import Invalid, Problem
from market.domain.text import fold, sort_key
from market.extensions import db
from market.models.area import AreaAlias, Commune, Province
from market.services.areas import COMMUNE_DIGITS

COMMUNE_KINDS = ("xã", "phường", "đặc khu")
COMMUNE_WORDS = tuple(map(fold, COMMUNE_KINDS))
MOST_FOUND = 20
MOST_WORDS = 8
# How near a commune's names are to the words typed; the farthest: they stand apart.
SCATTERED = 4


@dataclass(frozen=True, slots=True)
class FoundCommune:
    """A commune that fits what was typed; `old_names` are those by which it was found."""

    code: str
    name: str
    province_code: str
    province: str
    old_names: tuple[str, ...] = ()


def is_code(written: str) -> bool:
    """Whether this is written as codes of communes are."""
    return written.isascii() and written.isdigit() and len(written) == COMMUNE_DIGITS


def is_name(written: str, name: str) -> bool:
    """Whether this is the commune's name as it is today, whatever kind it is called."""
    return bare(fold(written)) == bare(fold(name))


def resolve_commune(written: str, *, near: Collection[str] = ()) -> str:
    """The code of the one commune meant by a code or a name, of provinces `near` first.

    Raises Invalid with a problem for the field `commune` where none or several fit.
    """
    found = search_communes(written, near=near)
    named = [each for each in found if is_name(written, each.name)]
    named_near = [each for each in named if each.province_code in near]
    for candidates in (named_near, named, found):
        if len(candidates) == 1:
            return candidates[0].code
    message = (
        "Có nhiều xã, phường phù hợp. Hãy chọn một trong danh sách bên dưới."
        if found
        else "Không tìm thấy xã, phường này. Hãy gõ tên hoặc mã, ví dụ: Đầm Hà hoặc 06895."
    )
    raise Invalid(message, (Problem(message, "commune_unclear", field="commune"),))


def search_communes(
    written: str, *, near: Collection[str] = (), limit: int = MOST_FOUND
) -> list[FoundCommune]:
    """Communes in force that fit a code, a name or an old name, accents or not.

    Those of the provinces `near` come first, then those named exactly so.
    """
    text = fold(written)
    words = text.split()[:MOST_WORDS]
    if not words:
        return []
    piece, *missing = _closeness(text, words)
    rows = db.session.execute(
        select(Commune, piece.label("piece"))
        .join(Province, Province.code == Commune.province_code)
        .where(Commune.is_current, _fits(text, words))
        .options(joinedload(Commune.province))
        .order_by(
            case((Commune.province_code.in_(near), 0), else_=1),
            piece,
            *missing,
            Commune.sort_key,
            Commune.code,
        )
        .limit(limit)
    ).all()
    # Where the words stand in one piece somewhere, those who hold them apart are not meant.
    is_close = any(row.piece < SCATTERED for row in rows)
    communes = [row.Commune for row in rows if row.piece < SCATTERED or not is_close]
    old_names = _matching_old_names(communes, words)
    return [
        FoundCommune(
            each.code,
            each.name,
            each.province_code,
            each.province.name,
            tuple(old_names[each.code]),
        )
        for each in communes
    ]


def _fits(text: str, words: Sequence[str]) -> ColumnElement[bool]:
    if text.isascii() and text.isdigit() and len(text) <= COMMUNE_DIGITS:
        return or_(Commune.code.startswith(text), Commune.code == text.zfill(COMMUNE_DIGITS))
    return and_(*map(_has_word, words))


def _begins_a_word(column: InstrumentedAttribute[str], word: str) -> ColumnElement[bool]:
    return (literal(" ") + column).contains(f" {word}", autoescape=True)


def _has_word(word: str) -> ColumnElement[bool]:
    alias = exists().where(
        _begins_a_word(AreaAlias.search, word),
        or_(
            AreaAlias.commune_code == Commune.code,
            AreaAlias.province_code == Commune.province_code,
        ),
    )
    return or_(
        _begins_a_word(Commune.search, word),
        _begins_a_word(Province.search, word),
        alias.correlate(Commune),
    )


def _closeness(text: str, words: Sequence[str]) -> list[ColumnElement[int]]:
    """Named exactly so, called so before, then holding it in one piece, now or before.

    The rest by how many of the words stand in the commune's own name.
    """
    exact = [text, *(f"{word} {text}" for word in COMMUNE_WORDS)]
    own_alias = AreaAlias.commune_code == Commune.code
    called_so = exists().where(AreaAlias.search.in_(exact), own_alias)
    held_it = exists().where(_begins_a_word(AreaAlias.search, text), own_alias)
    piece = case(
        (Commune.search.in_(exact), 0),
        (called_so.correlate(Commune), 1),
        (_begins_a_word(Commune.search, text), 2),
        (held_it.correlate(Commune), 3),
        else_=SCATTERED,
    )
    missing = [case((_begins_a_word(Commune.search, word), 0), else_=1) for word in words]
    return [piece, reduce(add, missing)]


def _matching_old_names(
    communes: Sequence[Commune], words: Sequence[str]
) -> defaultdict[str, list[str]]:
    names: defaultdict[str, list[str]] = defaultdict(list)
    rows = db.session.scalars(
        select(AreaAlias).where(AreaAlias.commune_code.in_([each.code for each in communes]))
    )
    for row in sorted(rows, key=lambda row: sort_key(row.name)):
        if row.commune_code and all(f" {word}" in f" {row.search}" for word in words):
            names[row.commune_code].append(row.name)
    return names


def bare(folded: str) -> str:
    """A folded name without the word that says what kind of commune it is."""
    for word in COMMUNE_WORDS:
        if folded.startswith(f"{word} "):
            return folded.removeprefix(f"{word} ")
    return folded
