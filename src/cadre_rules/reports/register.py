"""A register as lines on a terminal."""

from collections.abc import Iterator

from cadre_rules.findings import OPEN
from cadre_rules.register.book import Register
from cadre_rules.register.entries import Baseline, Entry, Grant, Recorded, Remark, Withdrawal
from cadre_rules.reports.follow_up import because, decision_text, listed
from cadre_rules.wording import day_text, phrase


def register_lines(register: Register, lang: str) -> Iterator[str]:
    """Yield a register's entries, oldest first, then what stands after the last run."""
    for entry in register.entries:
        yield f"{entry.number:>4}  {day_text(entry.day, lang)}  {entry.by}: {_entry(entry, lang)}"
    remarks = register.remarks()
    standing = [line for line in register.ledger().values() if line.state in OPEN]
    yield phrase("standing", lang, count=len(standing))
    for line in standing:
        said = "; ".join(phrase(f"said_{entry.said.kind}", lang).lower() for entry in remarks.get(line.fingerprint, ()))
        told = (phrase(line.level, lang).lower(), phrase(f"follow_{line.state}", lang), said)
        yield f"  ● {line.fingerprint}  {line.rule} – {line.subject}: {listed(*told)}"
    yield phrase("register_head", lang, entries=len(register.entries), head=register.head)


def _entry(entry: Entry, lang: str) -> str:
    match entry.said:
        case Recorded() as run:
            counts = [f"{count} {phrase(f'follow_{state}', lang)}" for state, count in run.counts.items()]
            return f"{phrase(f'said_{run.run}', lang)} ({listed(*counts) or phrase('no_finding', lang)})"
        case Remark() as remark:
            return f"{phrase(f'said_{remark.kind}', lang)} {remark.finding}{because(remark.reason, remark.paper)}"
        case Grant() as grant:
            one = grant.exception
            return f"{phrase('said_grant', lang)} {one.rule} – {grant.subject}{because(decision_text(one, lang), one.reason)}"
        case Baseline() as baseline:
            return phrase("said_baseline", lang, run=baseline.run)
        case Withdrawal() as withdrawal:
            return f"{phrase('said_withdraw', lang, entry=withdrawal.entry)}{because(withdrawal.reason)}"
