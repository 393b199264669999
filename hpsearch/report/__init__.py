"""What came of a study, as one page a person reads in ten minutes, and the same as CSV.

arms.py         trials that differ in their seed alone are one arm
standing.py     whether the leader is separable from the baseline
paper_rows.py   the paper's tables, and which of their rows an arm repeats
claims.py       what the paper claims, tested by paired seeds
savings.py      what pruning saved
svg.py          marks and axes; charts.py, curves.py: the charts made of them
page.py         the page; files.py: the page and its CSV files
"""
