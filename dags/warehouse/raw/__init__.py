"""Raw tables, the load ledger and what each load changed."""
