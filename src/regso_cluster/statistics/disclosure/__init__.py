"""Statistical disclosure control: nobody's figures can be read, or worked out, from a published table."""

from regso_cluster.statistics.disclosure.earlier import Earlier
from regso_cluster.statistics.disclosure.protection import Protected, protect
from regso_cluster.statistics.disclosure.rules import Rule

__all__ = ["Earlier", "Protected", "Rule", "protect"]
