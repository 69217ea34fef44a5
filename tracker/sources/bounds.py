"""Upper bounds of recorded values. Anything larger is damage: SQLite's integers and their sums end at 2**63.

A call of the largest counts costs at most 5e16 nano-dollars at the highest price that can be stored (tracker.pricing),
1e15 at today's prices: thousands of such calls can be summed, and any number of real ones.
"""

LARGEST_COUNT = 10**9  # tokens or requests of one call; real contexts hold a thousandth of it
LARGEST_TOTAL = 10**12  # the same of a whole session
LARGEST_USD = 10**6  # of a call or a session
