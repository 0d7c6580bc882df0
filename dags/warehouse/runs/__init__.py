"""What a run did: run log, summary, messages, webhook."""
