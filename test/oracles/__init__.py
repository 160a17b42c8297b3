"""Development proofs: other systems' programs, anew in PyTorch, NumPy and SciPy. They import nothing of ours."""
