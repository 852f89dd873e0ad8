"""Decides who is alerted, and why.

Pure: no input or output, no clock; what it needs from outside stands in its ports.
"""
