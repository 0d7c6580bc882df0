"""Builds of the marts, their publish and their rollback."""
