"""The configured fields and a permission set as Salesforce DX source, for `sf project deploy start`.

Tags and their order as in samples/salesforce/sfdx (salesforce.md section 5).
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from xml.sax.saxutils import escape

from qbsf.check.field_specs import LENGTH, PRECISION, SCALE, FieldSpec, specs
from qbsf.check.permission_set import DESCRIPTION, LABEL, NAME
from qbsf.config import Config
from qbsf.errors import QbsfError

PROJECT = "sfdx-project.json"
_SOURCE = Path("force-app/main/default")
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
_NAMESPACE = "http://soap.sforce.com/2006/04/metadata"

Tag = tuple[str, "str | list[Tag]"]


def source(config: Config) -> dict[Path, str]:
    """Every file by its path inside the project folder. Standard and packaged fields are granted, not made."""
    files = {Path(PROJECT): _project(config.salesforce.api_version)}
    for spec in specs(config.fields):
        if spec.creatable:
            path = _SOURCE / "objects/Opportunity/fields" / f"{spec.name}.field-meta.xml"
            files[path] = _xml("CustomField", field_tags(spec))
    files[_SOURCE / "permissionsets" / f"{NAME}.permissionset-meta.xml"] = _xml(
        "PermissionSet", _permission_tags(config)
    )
    return files


def field_tags(spec: FieldSpec) -> list[Tag]:
    """A CustomField's members in the order of the samples, which is the alphabet's."""
    tags: dict[str, str] = {
        "fullName": spec.name,
        "externalId": _flag(spec.external_id),
        "label": spec.label,
    }
    if spec.type == "Text":
        tags["length"] = str(LENGTH)
    if spec.type == "Currency":
        tags["precision"] = str(PRECISION)
    tags["required"] = _flag(False)
    if spec.type == "Currency":
        tags["scale"] = str(SCALE)
    tags |= {"trackHistory": _flag(False), "type": spec.type}
    if spec.type == "Text":
        tags["unique"] = _flag(False)
    return list(tags.items())


def _permission_tags(config: Config) -> list[Tag]:
    editable = {spec.name: spec.written for spec in specs(config.fields)}
    editable |= {name: True for name, _ in config.stages.set_}
    fields: list[Tag] = [
        (
            "fieldPermissions",
            [("editable", _flag(editable[name])), ("field", f"Opportunity.{name}"), ("readable", _flag(True))],
        )
        for name in sorted(editable)
    ]
    return [
        ("description", DESCRIPTION),
        *fields,
        ("hasActivationRequired", _flag(False)),
        ("label", LABEL),
        _object_permissions("Account", edit=False),
        _object_permissions("Opportunity", edit=True),
    ]


def _object_permissions(name: str, *, edit: bool) -> Tag:
    return (
        "objectPermissions",
        [
            ("allowCreate", _flag(False)),
            ("allowDelete", _flag(False)),
            ("allowEdit", _flag(edit)),
            ("allowRead", _flag(True)),
            ("modifyAllRecords", _flag(False)),
            ("object", name),
            ("viewAllRecords", _flag(True)),
        ],
    )


def _project(api_version: str) -> str:
    members = {
        "packageDirectories": [{"path": "force-app", "default": True}],
        "namespace": "",
        "sourceApiVersion": api_version,
    }
    return json.dumps(members, indent=2) + "\n"


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _xml(root: str, tags: Iterable[Tag]) -> str:
    lines = [_HEAD, f'<{root} xmlns="{_NAMESPACE}">', *_lines(tags, "    "), f"</{root}>"]
    return "\n".join(lines) + "\n"


def _lines(tags: Iterable[Tag], indent: str) -> list[str]:
    lines: list[str] = []
    for name, content in tags:
        if isinstance(content, str):
            lines.append(f"{indent}<{name}>{escape(content)}</{name}>")
        else:
            lines += [f"{indent}<{name}>", *_lines(content, f"{indent}    "), f"{indent}</{name}>"]
    return lines


def would_change(folder: Path, files: Mapping[Path, str]) -> tuple[Path, ...]:
    """Files that are there with another content. A project file of a person's own is never one of them: it stays.

    Raises QbsfError where the folder cannot be read.
    """
    try:
        return tuple(
            folder / path
            for path, content in files.items()
            if path.name != PROJECT and (folder / path).exists() and (folder / path).read_bytes() != content.encode()
        )
    except OSError as error:
        raise _unusable(folder, error) from error


def write(folder: Path, files: Mapping[Path, str]) -> tuple[Path, ...]:
    """Write them, and return those that are new or changed. Raises QbsfError."""
    written: list[Path] = []
    try:
        for path, content in files.items():
            target = folder / path
            if target.exists() and (path.name == PROJECT or target.read_bytes() == content.encode()):
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content, encoding="utf-8", newline="\n")
            written.append(target)
    except OSError as error:
        raise _unusable(folder, error) from error
    return tuple(written)


def _unusable(folder: Path, error: OSError) -> QbsfError:
    return QbsfError(
        f"{error.filename or folder} cannot be used: {error.strerror or error}.", "Name a folder you can write to."
    )
