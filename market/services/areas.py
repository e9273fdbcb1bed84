"""Provinces and communes: loaded from the official list, with the names they had before."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select
from sqlalchemy.orm import joinedload
from vietnam_provinces import Province as OfficialProvince
from vietnam_provinces import Ward as OfficialCommune

from market.domain.area_aliases import AliasKind, packaged_old_names
from market.domain.errors import NotFound
from market.domain.text import clean, fold, sort_key
from market.extensions import db
from market.models.area import AreaAlias, Commune, Province
from market.services import audit
from market.services.access import Actor

COMMUNE_DIGITS = 5
AliasKey = tuple[str, AliasKind, str]


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many areas are in force after loading, and how many were taken out of force."""

    provinces: int
    communes: int
    aliases: int
    gone: int


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


def list_provinces() -> Sequence[Province]:
    """The provinces in force, by name."""
    return db.session.scalars(
        select(Province).where(Province.is_current).order_by(Province.sort_key, Province.code)
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
    row.name, row.search, row.sort_key = name, fold(name), sort_key(name)


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
