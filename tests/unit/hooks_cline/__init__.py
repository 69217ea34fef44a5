"""Tests of what runs inside Cline."""
