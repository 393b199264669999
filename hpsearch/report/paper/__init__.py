"""The paper's tables and claims beside a study's own results."""
