"""What the sources share: connection, bulk copy, ledger, locks, publish, errors."""
