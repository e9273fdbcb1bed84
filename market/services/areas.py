"""Provinces and communes: loaded from the official list, found by today's or an old name."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

from sqlalchemy import ColumnElement, and_, case, exists, insert, literal, or_, select
from sqlalchemy.orm import InstrumentedAttribute, joinedload
from vietnam_provinces import Province as OfficialProvince
from vietnam_provinces import Ward as OfficialCommune

from market.domain.area_aliases import AliasKind, packaged_old_names
from market.domain.errors import Invalid, NotFound, Problem
from market.domain.text import clean, fold
from market.extensions import db
from market.models.area import AreaAlias, Commune, Province
from market.services import audit
from market.services.access import Actor

COMMUNE_DIGITS = 5
COMMUNE_WORDS = ("xa", "phuong", "dac khu")
MOST_FOUND = 20
MOST_WORDS = 8
AliasKey = tuple[str, AliasKind, str]


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many areas are in force after loading, and how many were taken out of force."""

    provinces: int
    communes: int
    aliases: int
    gone: int


@dataclass(frozen=True, slots=True)
class FoundCommune:
    """A commune that fits what was typed; `old_names` are those by which it was found."""

    code: str
    name: str
    province_code: str
    province: str
    old_names: tuple[str, ...] = ()


def load(*, actor: Actor) -> Loaded:
    """Bring the areas up to the official list; doing it twice changes nothing.

    What left the list stays, marked as no longer in force, because markets point to it.
    A name that changed stays as an alias.
    """
    provinces = {f"{int(each.code):02}": clean(each.name) for each in OfficialProvince.iter_all()}
    communes = {
        f"{int(each.code):05}": (clean(each.name), f"{int(each.province_code):02}")
        for each in OfficialCommune.iter_all()
    }
    gone = _load_provinces(provinces)
    db.session.flush()
    gone += _load_communes(communes)
    db.session.flush()
    aliases = _load_aliases()
    loaded = Loaded(len(provinces), len(communes), aliases, gone)
    audit.record_by_id(
        actor,
        "load",
        Commune.__tablename__,
        "all",
        new={"provinces": loaded.provinces, "communes": loaded.communes, "gone": loaded.gone},
    )
    return loaded


def get_commune(code: str) -> Commune:
    """The commune in force with that code, its province loaded; NotFound otherwise."""
    commune = db.session.scalar(
        select(Commune)
        .where(Commune.code == code, Commune.is_current)
        .options(joinedload(Commune.province))
    )
    if commune is None:
        raise NotFound(
            f"Không có xã, phường nào đang dùng mã {code}. "
            "Hãy kiểm tra mã, hoặc nạp danh mục bằng lệnh flask areas load."
        )
    return commune


def resolve_commune(written: str, *, near: Collection[str] = ()) -> str:
    """The code of the one commune meant by a code or a name, of provinces `near` first.

    Raises Invalid with a problem for the field `commune` where none or several fit.
    """
    found = search_communes(written, near=near)
    named = [each for each in found if _bare(fold(each.name)) == _bare(fold(written))]
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
    is_code = text.isascii() and text.isdigit() and len(text) <= COMMUNE_DIGITS
    condition = (
        or_(Commune.code.startswith(text), Commune.code == text.zfill(COMMUNE_DIGITS))
        if is_code
        else and_(*map(_has_word, words))
    )
    communes = db.session.scalars(
        select(Commune)
        .join(Province, Province.code == Commune.province_code)
        .where(Commune.is_current, condition)
        .options(joinedload(Commune.province))
        .order_by(
            case((Commune.province_code.in_(near), 0), else_=1),
            *_closeness(text, words),
            Commune.search,
            Commune.code,
        )
        .limit(limit)
    ).all()
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


def list_provinces() -> Sequence[Province]:
    """The provinces in force, by name."""
    return db.session.scalars(
        select(Province).where(Province.is_current).order_by(Province.search, Province.code)
    ).all()


def _load_provinces(official: Mapping[str, str]) -> int:
    known = {row.code: row for row in db.session.scalars(select(Province))}
    for code, name in official.items():
        row = known.pop(code, None)
        if row is None:
            db.session.add(Province(code=code, name=name, search=fold(name)))
        else:
            _rename(row, name)
    return _take_out_of_force(known.values())


def _load_communes(official: Mapping[str, tuple[str, str]]) -> int:
    known = {row.code: row for row in db.session.scalars(select(Commune))}
    new = []
    for code, (name, province_code) in official.items():
        row = known.pop(code, None)
        if row is None:
            place = {"code": code, "province_code": province_code}
            new.append({**place, "name": name, "search": fold(name), "is_current": True})
        else:
            _rename(row, name)
            row.province_code = province_code
    if new:
        db.session.execute(insert(Commune), new)
    return _take_out_of_force(known.values())


def _rename(row: Province | Commune, name: str) -> None:
    row.is_current = True
    if row.name == name:
        return
    db.session.add(_alias(row.name, AliasKind.RENAMED, row.code))
    row.name, row.search = name, fold(name)


def _take_out_of_force(rows: Iterable[Province | Commune]) -> int:
    gone = [row for row in rows if row.is_current]
    for row in gone:
        row.is_current = False
    return len(gone)


def _load_aliases() -> int:
    known = {_key(row): row for row in db.session.scalars(select(AreaAlias))}
    areas = {
        *db.session.scalars(select(Province.code)),
        *db.session.scalars(select(Commune.code)),
    }
    count = 0
    for old in packaged_old_names():
        if old.area not in areas:
            continue
        count += 1
        if known.pop((old.name, old.kind, old.area), None) is None:
            db.session.add(_alias(old.name, old.kind, old.area))
    for row in known.values():
        if row.kind != AliasKind.RENAMED:
            db.session.delete(row)
    return count


def _alias(name: str, kind: AliasKind, area: str) -> AreaAlias:
    is_commune = len(area) == COMMUNE_DIGITS
    return AreaAlias(
        name=name,
        search=fold(name),
        kind=str(kind),
        province_code=None if is_commune else area,
        commune_code=area if is_commune else None,
    )


def _key(row: AreaAlias) -> AliasKey:
    return row.name, AliasKind(row.kind), row.commune_code or row.province_code or ""


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
        else_=4,
    )
    missing = [case((_begins_a_word(Commune.search, word), 0), else_=1) for word in words]
    return [piece, reduce(add, missing)]


def _matching_old_names(
    communes: Sequence[Commune], words: Sequence[str]
) -> defaultdict[str, list[str]]:
    names: defaultdict[str, list[str]] = defaultdict(list)
    rows = db.session.scalars(
        select(AreaAlias)
        .where(AreaAlias.commune_code.in_([each.code for each in communes]))
        .order_by(AreaAlias.search)
    )
    for row in rows:
        if row.commune_code and all(f" {word}" in f" {row.search}" for word in words):
            names[row.commune_code].append(row.name)
    return names


def _bare(folded: str) -> str:
    """A folded name without the word that says what kind of commune it is."""
    for word in COMMUNE_WORDS:
        if folded.startswith(f"{word} "):
            return folded.removeprefix(f"{word} ")
    return folded
