"""Tell which formulas a row of facts makes true, and by which clause."""
