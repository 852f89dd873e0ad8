"""Renders and delivers jobs. Policy only: what it needs from outside stands in its ports."""
