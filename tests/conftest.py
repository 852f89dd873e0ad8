"""What tests of several folders share."""

from tests.brokers.fixtures import broker, cluster, mortal

__all__ = ["broker", "cluster", "mortal"]
