"""The command: reads what is asked, prints what was found, says it with its exit status."""

import sys
def main() -> int:
    from pathlib import Path
    from cadre_rules.rulebook.loading import examine, pack_folder
    from cadre_rules.rulebook.reading import read_cases
    from cadre_rules.cases import examine_cases, run_cases
    from cadre_rules.judging import Judge
    command, *packs = sys.argv[1:]
    book, problems = examine(*packs)
    if not problems:
        problems = Judge(book).problems()
    sources=[]
    for pack in packs:
        s, found = read_cases(pack_folder(pack)); sources += s
        problems = [*problems, *found]
        if command == "lint" and not problems: problems += examine_cases(book, s, pack_folder(pack))
    for p in sorted(set(problems)): print(p)
    if problems: return 2
    if command == "test":
        bad = 0
        for engine in ("durable", "plain"):
            n = 0
            for t in run_cases(book, sources, engine):
                n += 1
                if t.failure: bad += 1; print(f"{t.place}: {engine}: {t.case.rule} {t.on or ''} {t.failure}")
            print(engine, n, "cases")
        return 1 if bad else 0
    return 0
