"""Statistical disclosure control: nobody's figures can be read, or worked out, from a published table."""

from regso_cluster.statistics.disclosure.earlier import EarlierTable
from regso_cluster.statistics.disclosure.protection import Protected, protect
from regso_cluster.statistics.disclosure.rules import DisclosureRule

__all__ = ["DisclosureRule", "EarlierTable", "Protected", "protect"]
