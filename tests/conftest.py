"""What tests of several folders share."""

from hypothesis import settings

from tests.brokers.fixtures import broker, cluster, lone, lone_cluster, mortal
from tests.databases.fixtures import database_server, empty_database, migrated_database, mortal_server, postgres_url

# How long one example takes says more of the machine than of what is tested.
settings.register_profile("tocsin", deadline=None)
settings.load_profile("tocsin")

__all__ = [
    "broker",
    "cluster",
    "database_server",
    "empty_database",
    "lone",
    "lone_cluster",
    "migrated_database",
    "mortal",
    "mortal_server",
    "postgres_url",
]
