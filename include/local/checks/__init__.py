"""What `make doctor` looks at: small checks that read and never write, each giving findings."""
