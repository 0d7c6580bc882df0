"""What the invented APIs share: requests and answers, faults on demand, counters, a server."""
