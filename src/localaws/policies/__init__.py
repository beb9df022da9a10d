"""IAM's policy language, and the rules by which policies together decide: nothing of this knows moto, HTTP or a lab.

patterns.py   ── wildcards and variables in a policy's texts
conditions.py ── the operators of ``Condition``
principals.py ── who calls, and whom a ``Principal`` means
documents.py  ── a policy's JSON as statements, and whether a statement fits a request
evaluation.py ── which policies decide, in which order, and the reason in AWS's words
explanation.py ─ what such a decision is made of, for those who only ask about it
granting.py   ── which services and actions policies give anything of
public.py     ── whether a policy lets in somebody whom it does not name
located.py    ── where each part of a JSON text stands
positions.py  ── where a policy's statements stand in its text
"""
