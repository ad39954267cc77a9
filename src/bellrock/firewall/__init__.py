"""Rules from the catalogue (`compile`), and what rulesets really let through (`verify`). They share no code."""
