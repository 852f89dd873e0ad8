"""What tests of several folders share."""

from tests.brokers.fixtures import broker, cluster, lone, lone_cluster, mortal
from tests.databases.fixtures import database_server, empty_database, migrated_database, mortal_server, postgres_url

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
