"""What is measured: tables, rates, scales."""
