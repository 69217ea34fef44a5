"""What a call's bill is made of (MODEL sections 1 and 3): calls in chains, rates, the exact split, inheritance."""
