"""`python -m cadre_rules`."""

from cadre_rules.cli import main

raise SystemExit(main())
