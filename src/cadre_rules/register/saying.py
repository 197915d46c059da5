"""What an office says, as a person types it, made an entry: findings are named by the beginning of their fingerprints."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from cadre_rules.dossier.people import ExceptionGranted
from cadre_rules.errors import SourceError
from cadre_rules.register.book import Known, Register
from cadre_rules.register.entries import Baseline, Grant, Recorded, Remark, Said, Withdrawal


def said(register: Register, action: str, given: Mapping[str, Any]) -> Said:
    """Return what an action says with its options; raises `SourceError` for what the register knows nothing of."""
    match action:
        case "grant":
            return _grant(register, given)
        case "baseline":
            runs = register.runs()
            if not runs:
                raise SourceError(str(register.path), "holds no run to set a baseline at; record a check or an audit first")
            return Baseline(run=runs[-1][0].number)
        case "withdraw":
            return _withdrawal(register, given["entry"], given["reason"])
        case _:
            finding = _finding(register, given["finding"]).fingerprint
            remark = {"kind": action, "finding": finding, "reason": given["reason"], "paper": given["paper"]}
            return Remark.model_validate(remark)


def _grant(register: Register, given: Mapping[str, Any]) -> Grant:
    if given["finding"] is not None:
        found = _finding(register, given["finding"])
        rule, subject = found.rule, found.subject
    else:
        rule, subject = given["rule"], given["subject"]
    if not rule or not subject:
        raise SourceError(str(register.path), "an exception names a finding by its fingerprint, or a --rule and a --subject")
    stated = {name: given[name] for name in ("decided_by", "level", "decided_on", "expires_on", "reason")}
    try:
        exception = ExceptionGranted.model_validate({"rule": rule, "document": given["paper"], **stated})
    except ValidationError as error:
        wrong = error.errors()[0]
        option = str(wrong["loc"][0]).replace("_", "-")
        raise SourceError(f"--{option}", str(wrong["msg"]).removeprefix("Value error, ")) from error
    return Grant(subject=subject, exception=exception)


def _withdrawal(register: Register, number: int, reason: str) -> Withdrawal:
    entry = next((entry for entry in register.entries if entry.number == number), None)
    if entry is None:
        raise SourceError(str(register.path), f"has no entry {number}; its last is {len(register.entries)}")
    if isinstance(entry.said, Recorded | Withdrawal):
        raise SourceError(str(register.path), f"entry {number} cannot be withdrawn: what was found, or withdrawn, stays so")
    return Withdrawal(entry=number, reason=reason)


def _finding(register: Register, beginning: str) -> Known:
    found = [line for line in register.ledger().values() if line.fingerprint.startswith(beginning)]
    if len(found) != 1:
        several = ", ".join(line.fingerprint for line in found[:3])
        told = (
            f"several findings begin so: {several} …" if found else "no run recorded such a finding; `register … show` lists them"
        )
        raise SourceError(str(register.path), f"{beginning}: {told}")
    return found[0]
