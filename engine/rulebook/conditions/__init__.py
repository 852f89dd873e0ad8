"""Conditions.

One readable expression over declared, typed fields; comparisons, `and`, `or`, `not`, `in`, nothing else.
"""
