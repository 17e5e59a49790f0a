"""`python -m regso_cluster` is the command `regso-cluster`."""

from regso_cluster.cli import main

if __name__ == "__main__":
    main()
