"""The core that both front ends share: each module turns ledger rows into one typed report with a JSON form."""
