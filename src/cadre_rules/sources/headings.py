"""What people call tables and columns: every name the models carry, and the headings offices commonly write, compared folded."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel

from cadre_rules.dossier.fields import FieldInfo, element_fields
from cadre_rules.dossier.models import DOSSIERS
from cadre_rules.dossier.people import Person
from cadre_rules.names import did_you_mean, fold

Path = tuple[str, ...]

_COMMON: dict[str, tuple[str, ...]] = {
    "mã": ("mã số", "số quyết định", "số qđ", "mã quyết định", "mã hồ sơ quyết định"),
    "mã hồ sơ": ("mã cán bộ", "mã nhân sự", "mã cbccvc", "số hiệu cán bộ"),
    "họ và tên": ("họ tên", "họ và tên khai sinh", "họ và tên cán bộ", "họ tên cán bộ", "tên cán bộ"),
    "họ tên": ("họ và tên", "họ và tên người thân", "họ tên người thân"),
    "giới tính": ("giới", "nam/nữ", "nam, nữ"),
    "ngày sinh": ("ngày tháng năm sinh", "ngày, tháng, năm sinh", "năm sinh", "sinh ngày", "ngày/tháng/năm sinh"),
    "quê quán": ("quê", "nguyên quán"),
    "là người dân tộc thiểu số": ("dân tộc thiểu số", "người dân tộc thiểu số"),
    "trình độ chuyên môn cao nhất": ("trình độ chuyên môn", "chuyên môn", "trình độ cmnv", "học vị", "trình độ đào tạo cao nhất"),
    "trình độ lý luận chính trị": ("lý luận chính trị", "trình độ llct", "llct", "trình độ lý luận", "trình độ chính trị"),
    "quản lý nhà nước": ("qlnn", "trình độ qlnn", "trình độ quản lý nhà nước"),
    "ngày vào đảng": ("vào đảng", "ngày kết nạp đảng", "ngày kết nạp", "ngày vào đảng csvn"),
    "ngày tuyển dụng": ("năm tuyển dụng", "ngày vào ngành", "ngày tháng tuyển dụng"),
    "ngoại ngữ": ("trình độ ngoại ngữ",),
    "tin học": ("trình độ tin học",),
    "chức vụ": ("chức danh", "chức vụ dự kiến", "chức vụ bổ nhiệm", "chức danh bổ nhiệm", "chức vụ được bổ nhiệm"),
    "đơn vị": ("cơ quan", "cơ quan, đơn vị", "đơn vị công tác", "nơi công tác", "cơ quan công tác"),
    "chức danh quy hoạch": ("quy hoạch chức danh", "chức vụ quy hoạch"),
    "ngày quyết định": ("ngày ký quyết định", "ngày bổ nhiệm", "ngày ký", "ngày qđ"),
    "ngày có hiệu lực": ("hiệu lực từ ngày", "ngày hiệu lực"),
    "loại quyết định": ("hình thức quyết định", "loại qđ"),
    "nguồn nhân sự": ("nguồn",),
    "từ ngày": ("từ tháng năm", "từ tháng/năm", "từ", "bắt đầu", "ngày bắt đầu"),
    "đến ngày": ("đến tháng năm", "đến tháng/năm", "đến", "kết thúc", "ngày kết thúc"),
    "mức xếp loại": ("xếp loại", "kết quả xếp loại", "đánh giá, xếp loại", "kết quả đánh giá"),
    "hình thức kỷ luật": ("hình thức",),
    "ngày ký quyết định kỷ luật": ("ngày kỷ luật", "ngày quyết định"),
    "quan hệ": ("mối quan hệ",),
    "loại đào tạo, bồi dưỡng": ("loại hình đào tạo", "loại lớp"),
}
"""Headings as commonly written, by the label of the field they mean."""

_CURRENT = tuple(
    map(
        fold,
        ("chức vụ hiện nay", "chức vụ hiện tại", "chức vụ đang giữ", "chức danh hiện nay", "chức vụ, đơn vị công tác hiện nay"),
    )
)
_ALONE = "the post held now alone is no history of posts; give a table of posts"
NONE = tuple(map(fold, ("không có", "none")))
"""What a cell, or the column of a list, says when there is none: a list without a row is unknown."""

_IGNORED = frozenset(map(fold, ("stt", "tt", "số tt", "số thứ tự", "ghi chú", "_row")))
_PLACES = {"province": "tỉnh", "district": "huyện", "commune": "xã"}


def meaning_of(heading: str, model: type[BaseModel]) -> Path | None:
    """Return the field a heading over a table of these means, if it means just one."""
    word = _now(fold(heading), model)
    found = names_of(model).get(word, ()) if word is not None else ()
    return found[0] if len(found) == 1 else None


def heading_of(path: Path, model: type[BaseModel], lang: str) -> str:
    """Return the shortest of a field's names that means it and no other over a table of these."""
    info = fields_of_row(model)[path]
    names = (info.en,) if lang == "en" else (_bare(info.vi), info.vi)
    name = next((name for name in names if meaning_of(name, model) == path), ".".join(path))
    return name if name == ".".join(path) else f"{name[:1].upper()}{name[1:]}"


def why_unread(heading: str, model: type[BaseModel]) -> str:
    """Return why a heading that means no field is not read; nothing where there is nothing to tell."""
    word, names = _now(fold(heading), model), names_of(model)
    if word is None:
        return _ALONE
    if word in names:
        return f"can mean {' or '.join(repr('.'.join(path)) for path in names[word])}; write one of these"
    if word in _IGNORED:
        return ""
    return f"no such column{did_you_mean(word, names, {name: '.'.join(paths[0]) for name, paths in names.items()})}"


def _now(word: str, model: type[BaseModel]) -> str | None:
    """Read `the post held now` as the post, but of a person whose posts are a list: there it is no column."""
    if word not in _CURRENT:
        return word
    listed = model is DOSSIERS["appointment"] or (issubclass(model, Person) and "post" not in model.model_fields)
    return None if listed else fold("chức vụ")


@cache
def names_of(model: type[BaseModel]) -> Mapping[str, tuple[Path, ...]]:
    """Return every name of every field a row of a table can hold, and the fields it can mean.

    A name means the field nearest to the row, and a person's before another's; an exact path or full label only itself.
    """
    exact: dict[str, dict[Path, None]] = {}
    loose: dict[str, dict[Path, None]] = {}
    for path, info in fields_of_row(model).items():
        bare = _bare(info.vi)
        for name in (".".join(path), "_".join(path), info.vi, info.en):
            exact.setdefault(fold(name), {})[path] = None
        label = fold(bare)
        for name in (path[-1], bare, *(common for word, commons in _COMMON.items() if fold(word) == label for common in commons)):
            loose.setdefault(fold(name), {})[path] = None
    return {name: tuple(exact[name]) if name in exact else _nearest(loose[name]) for name in {**loose, **exact}}


@cache
def fields_of_row(model: type[BaseModel]) -> Mapping[Path, FieldInfo]:
    """Return the fields that are cells of a row: all but lists of parts, an area also by its levels."""
    return dict(_cells(model))


def _cells(model: type[BaseModel]) -> Iterator[tuple[Path, FieldInfo]]:
    for path, info in element_fields(model).items():
        if info.kind != "list" or isinstance(info.element, str):
            yield path, info
        if info.kind == "area":
            for level, word in _PLACES.items():
                yield (*path, level), FieldInfo("str", f"{_bare(info.vi)} {word}", f"{info.en} {level}", info.protected)


def _bare(label: str) -> str:
    """Return a label without the part it is of, which stands behind it in brackets."""
    return re.sub(r" \([^(]*\)$", "", label)


def _nearest(paths: Mapping[Path, Any]) -> tuple[Path, ...]:
    ranks = {path: (len(path), path[0] != "person") for path in paths}
    return tuple(path for path, rank in ranks.items() if rank == min(ranks.values()))
