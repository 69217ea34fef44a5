"""Tests of single parts; no terminal, no agent."""
